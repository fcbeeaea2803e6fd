"""Try a fault: plant it in a copy of the project, rehearse there in a process of its own, and give the verdict."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ops.local.sample import LABELS, render_sample
from tests.rehearsal.planted.alone import Order
from tests.rehearsal.planted.fault import Fault, Verdict
from tests.rehearsal.planted.tree import plant

_ENDS_WITHIN_SECONDS: Final = 900.0
_STOPS_WITHIN_SECONDS: Final = 120.0
_LABELS: Final = 6


def photographs_for(fault: Fault, folder: Path) -> Path:
    """Render the pictures that a fault asks for, unless they are there."""
    target = folder / f"photographs-{fault.photographs}"
    render_sample(target, per_label=fault.photographs, labels=LABELS[:_LABELS])
    if fault.train_folder == "Training":
        return target
    named = folder / f"{target.name}-{fault.train_folder}"
    shutil.rmtree(named, ignore_errors=True)
    shutil.copytree(target, named)
    (named / "Training").rename(named / fault.train_folder)
    return named


def try_fault(fault: Fault, folder: Path, *, photographs: Path, image: Path) -> Verdict:
    """Rehearse with a fault.

    Parameters
    ----------
    fault
        Which.
    folder
        For the copy of the project and the embedded AWS; both stay there if the verdict is not the expected one.
    photographs
        Folder of photographs.
    image
        Folder of disk images, on the same file system as `folder`.

    Raises
    ------
    DoesNotApply
        If the fault cannot be planted any more.
    """
    home = folder / fault.key
    shutil.rmtree(home, ignore_errors=True)
    tree = plant(fault, home / "project")
    order = Order(
        values=[f"mode={fault.mode}", *fault.values],
        folder=str(home / "aws"),
        photographs=str(photographs),
        image=str(image if fault.from_image else home / "image"),
        last=fault.stage or fault.until,
        skipped=list(fault.skipped),
        stall_seconds=fault.stall_seconds,
    )
    log = folder / "logs" / f"{fault.key}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    verdict = _verdict_of(order, tree, log)
    if verdict.is_of(fault):
        shutil.rmtree(home)
    return verdict


def _verdict_of(order: Order, tree: Path, log: Path) -> Verdict:
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tests.rehearsal.planted.alone", json.dumps(asdict(order))],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            said, _ = process.communicate(timeout=_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            _stop(process)
            return Verdict("", f"the rehearsal did not end within {_ENDS_WITHIN_SECONDS:.0f} s (log: {log})")
        except BaseException:
            _stop(process)
            raise
    if process.returncode:
        return Verdict("", f"the rehearsal itself broke with code {process.returncode} (log: {log})")
    return Verdict(**json.loads(said.splitlines()[-1]))


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
