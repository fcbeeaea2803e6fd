"""What a rehearsal runs on: an embedded AWS and a node in a folder of their own, started, watched and stopped."""

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from infra.remembered import CONTEXT_VARIABLE, FILE_VARIABLE
from infra.settings import DeploymentSettings
from ops.aws.account import Client
from rehearsal.clients import clients_of
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import ENDPOINT_REFUSES, EmbeddedAws, find_aws
from rehearsal.embedded.daemon import forget, start_aws, stop_aws
from rehearsal.node.daemon import find_node, start_node, stop_node
from rehearsal.node.instance import Kind
from rehearsal.scenario.stages import Report, StageFailed

_NOT_FETCHED: Final = "cannot fetch "
_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass
class Expense:
    """What the embedded AWS has cost this machine.

    Parameters
    ----------
    starting, stopping
        Seconds that a rehearsal waited for it.
    processor
        Seconds of processor time that its process has used.
    """

    starting: float = 0.0
    stopping: float = 0.0
    processor: float = 0.0

    def __str__(self) -> str:
        waited = self.starting + self.stopping
        return f"{waited:.1f} s to start and stop, {self.processor:.1f} s of processor time"


class Host:
    """Embedded AWS and node.

    Parameters
    ----------
    folder
        Where they keep all they know; what an earlier rehearsal has left there is deleted.
    settings
        Of the deployment.
    image
        Folder of disk images that bootstrap actions may find used; none unless given: see `start_node`.
    tied
        End both when this process has ended, in whatever way.
    """

    def __init__(
        self, folder: Path, settings: DeploymentSettings, *, image: Path | None = None, tied: bool = True
    ) -> None:
        self.folder = folder.resolve()
        self._image, self._tied = image, tied
        self.expense = Expense()
        self.kind: Kind = "namespaces"
        self._settings = settings
        self._aws: EmbeddedAws | None = None
        self._client: Client | None = None

    @property
    def aws(self) -> EmbeddedAws:
        """The embedded AWS."""
        assert self._aws is not None, "not started"
        return self._aws

    @property
    def started(self) -> bool:
        """Whether the embedded AWS of this rehearsal was started."""
        return self._aws is not None

    @property
    def environment(self) -> dict[str, str]:
        """The variables of what a rehearsal runs: the embedded AWS's, and no other temporary folder than in its own."""
        # What this checkout remembers is in the settings already, and a rehearsal leaves nothing to remember.
        return {**self.aws.environment(), "TMPDIR": str(self.folder / "tmp"), FILE_VARIABLE: "", CONTEXT_VARIABLE: ""}

    @property
    def client(self) -> Client:
        """Clients of it."""
        assert self._client is not None, "not started"
        return self._client

    def client_in(self, region: str) -> Client:
        """Return clients of another region."""
        return clients_of(replace(self.aws, region=region))

    def start(self, report: Report) -> str:
        """Make what the nodes are given, if it is not there, and start the two processes.

        Raises
        ------
        StageFailed
            If one of them cannot be started here.
        """
        self._make_products(report)
        report("starting")
        began = time.monotonic()
        try:
            forget(self.folder)
            self._aws = start_aws(self.folder, region=self._settings.region, launch="hold", tied=self._tied)
            self.expense.starting = time.monotonic() - began
            self.kind = start_node(self._aws, image=self._image, tied=self._tied).kind
        except DaemonFailed as error:
            raise StageFailed(
                str(error), action="see what it says, or take another folder: fruits rehearse --folder DIR"
            ) from None
        self._client = clients_of(self._aws)
        return self._aws.endpoint

    def require_node(self) -> None:
        """Raise if the node, or the embedded AWS, has died."""
        if find_aws(self.folder) is None:
            raise StageFailed("the embedded AWS has died", log=str(self.aws.log))
        if find_node(self.folder) is None:
            raise StageFailed("the node has died", log=str(self.node_log))

    @property
    def node_log(self) -> Path:
        """What the node has logged."""
        return self.folder / "node.log"

    def last_refusal(self) -> str:
        """Return what the node has logged last of a script that it could not fetch, and so not run."""
        fetch = _last(self.node_log, _NOT_FETCHED)
        return f"the node {fetch}" if fetch else "the bootstrap action said nothing"

    def refusal_of_endpoint(self) -> str:
        """Return what the policy of the S3 endpoint has refused last; nothing if it has refused nothing."""
        return _last(self.aws.log, ENDPOINT_REFUSES)

    def measure(self) -> None:
        """Record the processor time that the embedded AWS has used so far."""
        if self._aws is not None and psutil.pid_exists(self._aws.pid):
            times = psutil.Process(self._aws.pid).cpu_times()
            self.expense.processor = sum((times.user, times.system, times.children_user, times.children_system))

    def stop(self, *, delete: bool) -> None:
        """Stop both.

        Parameters
        ----------
        delete
            Delete all that they know, too.
        """
        if self._aws is None:
            return
        try:
            stop_node(self.folder)
        finally:
            self.measure()
            began = time.monotonic()
            stop_aws(self.folder)
            self.expense.stopping = time.monotonic() - began
        if delete:
            forget(self.folder)

    def _make_products(self, report: Report) -> None:
        command = [sys.executable, "-m", "ops.build.products", "--wheels", self._settings.wheels]
        run = _following([*command, "--architecture", self._settings.architecture], report)
        if run:
            raise StageFailed(f"cannot make the wheelhouse or the model: {run}", action="make assets")


def _last(log: Path, words: str) -> str:
    """Return the last line of a log that has these words, from there on; nothing if there is none."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if words in line]
    return lines[-1][lines[-1].index(words) :] if lines else ""


def _following(command: list[str], report: Report) -> str:
    """Run a command, tell its lines, and return the last one if it fails."""
    last = ""
    with subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                last = line.strip() or last
                report(last)
        except BaseException:
            process.terminate()
            raise
    return (last.removeprefix("error: ") or f"exit code {process.returncode}") if process.returncode else ""
