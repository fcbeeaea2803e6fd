"""Runs of the job on the cluster: waited for by EMR's API, followed and read by S3."""

import gzip
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rehearsal.scenario.folders import Folder
from rehearsal.scenario.progress import Patience, telling_line
from rehearsal.scenario.stages import Report, StageFailed, few_of

ENDED: Final = ("TERMINATED", "TERMINATED_WITH_ERRORS")
_UNFINISHED: Final = ("PENDING", "RUNNING", "CANCEL_PENDING")
_LOOK_EVERY_SECONDS: Final = 1.0
_LOGS_WITHIN_SECONDS: Final = 60.0
_ENDS_WITHIN_SECONDS: Final = 120.0

StillThere = Callable[[], None]
"""Raises if the node that has to do the work is gone."""


class Cluster:
    """A cluster, as its owner sees it.

    Parameters
    ----------
    emr
        Client of EMR.
    cluster_id
        Which.
    logs
        Where it writes its logs: its own folder below LogUri.
    still_there
        Asked while waiting.
    """

    def __init__(self, emr: Any, cluster_id: str, *, logs: Folder, still_there: StillThere) -> None:
        self._emr = emr
        self.cluster_id = cluster_id
        self._logs = logs.below(cluster_id)
        self._still_there = still_there

    def status(self) -> Mapping[str, Any]:
        """Return its state, and why."""
        status: Mapping[str, Any] = self._emr.describe_cluster(ClusterId=self.cluster_id)["Cluster"]["Status"]
        return status

    def step_of(self, run: str) -> str:
        """Return the id of the step of a run, by the name under which notifications know it.

        Raises
        ------
        StageFailed
            If the cluster has no such step, or several.
        """
        names = {step["Id"]: step["Name"] for step in self._emr.list_steps(ClusterId=self.cluster_id)["Steps"]}
        found = [step_id for step_id, name in names.items() if name == run]
        if len(found) != 1:
            raise StageFailed(
                f"cluster {self.cluster_id} has {len(found)} steps {run}, not one; its steps:"
                f" {few_of(sorted(names.values())) or 'none'}"
            )
        return str(found[0])

    def wait_for_step(self, step_id: str, report: Report, done: Callable[[], int], patience: Patience) -> None:
        """Wait until a step has ended.

        Parameters
        ----------
        step_id
            Which.
        report
            Told of states and of progress.
        done
            Counts the photographs done so far.
        patience
            How long it may stand still.

        Raises
        ------
        StageFailed
            If it does not end as COMPLETED, or does not go on.
        """
        while True:
            self._still_there()
            step = self._emr.describe_step(ClusterId=self.cluster_id, StepId=step_id)["Step"]["Status"]
            state = step["State"]
            if state not in _UNFINISHED:
                break
            seen = f"cluster {self.status()['State']}, step {state}, {done():,} photographs done"
            report(seen)
            if patience.is_over(seen):
                raise self._stalled(step_id, seen, patience.seconds)
            time.sleep(_LOOK_EVERY_SECONDS)
        if state != "COMPLETED":
            failure = step.get("FailureDetails", {})
            message = failure.get("Message") or failure.get("Reason") or f"cluster {self._why_ended()}"
            raise StageFailed(f"step {step_id} {state}: {message}", log=failure.get("LogFile", ""))

    def wait_until_ended(self, report: Report) -> None:
        """Wait until a transient cluster has ended by itself.

        Raises
        ------
        StageFailed
            If it does not, or not because its steps were done.
        """
        deadline = time.monotonic() + _ENDS_WITHIN_SECONDS
        while (status := self.status())["State"] not in ENDED:
            if time.monotonic() > deadline:
                raise StageFailed(
                    f"transient cluster {self.cluster_id} is {status['State']} {_ENDS_WITHIN_SECONDS:.0f} s after its"
                    " last step: it would go on billing"
                )
            self._still_there()
            report(f"cluster {status['State']}")
            time.sleep(_LOOK_EVERY_SECONDS)
        if status["StateChangeReason"].get("Code") != "ALL_STEPS_COMPLETED":
            raise StageFailed(f"cluster {self.cluster_id} ended as {self._why_ended()}, not when its steps were done")

    def printed(self, step_id: str) -> Mapping[str, Any] | None:
        """Read the manifest that the driver printed, from the step's log on S3.

        Raises
        ------
        StageFailed
            If no such log comes.
        """
        path = f"steps/{step_id}/stdout.gz"
        deadline = time.monotonic() + _LOGS_WITHIN_SECONDS
        while (content := self._logs.find(path)) is None:
            if time.monotonic() > deadline:
                raise StageFailed(
                    f"step {step_id} has left no log {self._logs.uri}{path}: the cluster's LogUri, or the right of the"
                    " instance role to s3:PutObject below it, is missing or another one",
                    action="see node.log for what S3 answered",
                )
            time.sleep(_LOOK_EVERY_SECONDS)
        lines = gzip.decompress(content).decode(errors="replace").splitlines()
        manifests = [line for line in lines if line.startswith('{"run"')]
        return json.loads(manifests[-1]) if manifests else None

    def bootstrap_error(self) -> tuple[str, str]:
        """Return the last line of a failed bootstrap action that says an error, and where its log is."""
        for path in sorted(self._logs.sizes()):
            if "/bootstrap-actions/" in path and path.endswith("/stderr.gz"):
                lines = gzip.decompress(self._logs.get(path)).decode(errors="replace").splitlines()
                errors = [line for line in lines if "error" in line.lower()] or lines
                return (errors[-1] if errors else ""), f"{self._logs.uri}{path}"
        return "", ""

    def _stalled(self, step_id: str, seen: str, seconds: float) -> StageFailed:
        path = f"steps/{step_id}/stderr.gz"
        content = self._logs.find(path)
        line = telling_line(gzip.decompress(content).decode(errors="replace")) if content else "there is none yet"
        return StageFailed(
            f"step {step_id} stands still: for {seconds:.0f} s it has been: {seen}; its log says: {line}",
            log=f"{self._logs.uri}{path}",
            action="if the log asks for executors, see on the node whether workers are there and large enough for them",
        )

    def _why_ended(self) -> str:
        status = self.status()
        reason = status.get("StateChangeReason", {})
        return f"{status['State']}: {reason.get('Code', '')} {reason.get('Message', '')}".rstrip()


def copy_logs(logs: Folder, target: Path) -> int:
    """Copy logs from S3 into a folder of this machine, unpacked; return how many."""
    paths = logs.sizes()
    for path in paths:
        file = target / path.removesuffix(".gz")
        file.parent.mkdir(parents=True, exist_ok=True)
        content = logs.get(path)
        file.write_bytes(gzip.decompress(content) if path.endswith(".gz") else content)
    return len(paths)
