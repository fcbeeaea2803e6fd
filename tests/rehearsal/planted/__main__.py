"""Plant faults, one after the other: `python -m tests.rehearsal.planted [word …]`.

With words only the faults that have one of them in their names. Prints fault, verdict and seconds of each, keeps the
verdict in build/planted, and writes the table of docs/rehearsal.md; the other faults keep what it says of them.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.fault import Fault, Verdict
from tests.rehearsal.planted.page import PAGE, known, with_table
from tests.rehearsal.planted.trial import photographs_for, try_fault

_FOLDER: Final = Path("build/planted").resolve()
_VERDICTS: Final = _FOLDER / "verdicts.json"


def main(words: list[str]) -> int:
    """Run, and return the number of faults whose verdict is not the expected one.

    Raises
    ------
    ValueError
        If a word is in no name.
    """
    chosen = _chosen(words)
    verdicts = known(PAGE.read_text(encoding="utf-8")) | _kept() if words else {}
    for fault in chosen:
        begun = time.monotonic()
        photographs = photographs_for(fault, _FOLDER)
        verdict = try_fault(fault, _FOLDER, photographs=photographs, image=_FOLDER / "image")
        verdicts[fault.name] = verdict
        _VERDICTS.write_text(json.dumps({name: asdict(item) for name, item in verdicts.items()}), encoding="utf-8")
        _show(fault, verdict, time.monotonic() - begun)
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), verdicts), encoding="utf-8")
    red = sum(bool(verdicts[fault.name].stage) for fault in chosen)
    others = sum(not verdicts[fault.name].is_of(fault) for fault in chosen)
    sys.stdout.write(f"{red} of {len(chosen)} red, {others} not as expected\n")
    return others


def _chosen(words: list[str]) -> list[Fault]:
    for word in words:
        if not any(word in fault.name for fault in FAULTS):
            raise ValueError(f"no planted fault has {word!r} in its name; their names are in {PAGE}")
    return [fault for fault in FAULTS if not words or any(word in fault.name for word in words)]


def _kept() -> dict[str, Verdict]:
    if not _VERDICTS.exists():
        return {}
    kept = json.loads(_VERDICTS.read_text(encoding="utf-8"))
    return {fault.name: Verdict(**kept[fault.name]) for fault in FAULTS if fault.name in kept}


def _show(fault: Fault, verdict: Verdict, seconds: float) -> None:
    mark = "as expected" if verdict.is_of(fault) else "NOT AS EXPECTED"
    where = f"red at {verdict.stage!r}" if verdict.stage else "green"
    sys.stdout.write(f"{mark:15} {seconds:4.0f} s  {fault.name}: {where}: {verdict.reason}\n")
    if verdict.action:
        sys.stdout.write(f"{'':24}next: {verdict.action}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
