"""What a demonstration stands on: an embedded AWS and a node of its own, with what is deployed before it begins."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.remembered import CONTEXT_VARIABLE
from ops.aws.clusters import LIVE
from ops.aws.given import read_given
from ops.local.sample import render_sample
from ops.project import ROOT
from rehearsal.clients import clients_of
from rehearsal.present.terminal import Ran, Size, Write, run_in_terminal
from rehearsal.scenario.commands import Commands
from rehearsal.scenario.deploy import Stacks
from rehearsal.scenario.host import Host
from rehearsal.scenario.stages import Report

FOLDER: Final = ROOT / "build" / "present"
"""Of the embedded AWS, unless another is given."""

SAMPLE: Final = ROOT / "build" / "sample"
OUTPUT: Final = ROOT / "out" / "present"
SETTINGS: Final = ("env=demo", "mode=interactive")
"""A cluster that waits for its next run, as somebody wants it who shows two."""

PREPARED: Final = ("FruitsStorage", "FruitsNetwork", "FruitsGuard")
"""Stacks that stand before the first scene: all that costs next to nothing."""

_NOT_A_TERMINALS: Final = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI")


class Backstage:
    """Runs the commands of scenes.

    Parameters
    ----------
    environment
        Variables of the embedded AWS.
    size
        Of the terminal that commands have.
    browser
        Whether commands may open one.
    """

    def __init__(self, environment: dict[str, str], *, size: Size, browser: bool) -> None:
        self._size = size
        kept = {name: value for name, value in environment.items() if name not in _NOT_A_TERMINALS}
        self._environment = {
            **kept,
            "TERM": "xterm-256color",
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), kept.get("PATH", "")]
            ),
            "PYTHONPATH": str(ROOT),
            "FRUITS_IMAGES": str(SAMPLE.relative_to(ROOT)),
            "FRUITS_OUTPUT": str((OUTPUT / "notebook").relative_to(ROOT)),
            # Python's way to open a browser takes a program from there; this one does nothing.
            **({} if browser else {"BROWSER": "true"}),
        }

    @property
    def size(self) -> Size:
        """Of the terminal."""
        return self._size

    def run(self, command: str, *, seconds: float, write: Write) -> Ran:
        """Run a command as it is typed.

        Raises
        ------
        OSError
            If it cannot be started.
        """
        first, *rest = shlex.split(command)
        words = [sys.executable, "-m", "ops.cli", *rest] if first == "fruits" else [first, *rest]
        return run_in_terminal(
            words, environment=self._environment, folder=ROOT, size=self._size, seconds=seconds, write=write
        )


def prepare(host: Host, report: Report) -> dict[str, str]:
    """Start the embedded AWS and its node, deploy there all but the cluster, upload the pictures.

    Parameters
    ----------
    host
        Not yet started; who calls this stops it.
    report
        Told what goes on.

    Returns
    -------
    dict
        The variables of commands that use it.

    Raises
    ------
    StageFailed
        If something of it fails.
    """
    _draw(report)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    host.start(report)
    stacks, commands = Stacks(host, SETTINGS), Commands(host, SETTINGS)
    stacks.bootstrap([host.aws.region], report)
    stacks.deploy(stacks.synthesise("prepared").folder, report, *PREPARED)
    commands.run(report, "images", "upload", str(SAMPLE.relative_to(ROOT)), "--yes")
    return {**host.environment, CONTEXT_VARIABLE: " ".join(SETTINGS)}


def standing(host: Host) -> list[str]:
    """Return what stands in its embedded AWS: stacks, and clusters that live."""
    if not host.started:
        return []
    client = clients_of(host.aws)
    try:
        stacks = client("cloudformation").list_stacks()["StackSummaries"]
        clusters = client("emr").list_clusters(ClusterStates=list(LIVE))["Clusters"]
    except (BotoCoreError, ClientError):
        return []
    named = [f"stack {stack['StackName']}, {stack['StackStatus']}" for stack in stacks]
    kept = [line for line in named if not line.endswith("DELETE_COMPLETE")]
    return [*kept, *(f"cluster {cluster['Id']}, {cluster['Status']['State']}" for cluster in clusters)]


def new_host(folder: Path) -> Host:
    """Return a new host, which ends with this process."""
    return Host(folder, read_given(SETTINGS).settings)


def _draw(report: Report) -> None:
    render_sample(SAMPLE, progress=lambda done, total: report(f"rendering {done} of {total} pictures"))
