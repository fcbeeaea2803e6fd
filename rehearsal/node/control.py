"""How a machine follows and reports its cluster; an AWS that is away for a while is waited for."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.reports import NodeReports, ReportRefused

T = TypeVar("T")

LIVE: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
_ASKED_AGAIN_AFTER_SECONDS: Final = 0.5
_log = logging.getLogger("fruits.node")


class Stopped(Exception):
    """The node is to stop."""


class Gone(Exception):
    """The embedded AWS does not know the cluster any more."""


class Control:
    """The EMR API as a machine uses it.

    Parameters
    ----------
    aws
        Where EMR is.
    cluster_id
        Which cluster.
    stop
        Set when the node is to stop; every method raises `Stopped` then, rather than wait.
    """

    def __init__(self, aws: EmbeddedAws, cluster_id: str, stop: threading.Event) -> None:
        self._emr = clients_of(aws, connect_timeout=2, retries={"total_max_attempts": 1})("emr")
        self._reports = NodeReports(aws)
        self._stop = stop
        self.cluster_id = cluster_id
        self.when_back: Callable[[], None] = lambda: None
        """What to do when AWS has been away."""

    def cluster(self) -> Mapping[str, Any]:
        """Describe the cluster."""
        found: Mapping[str, Any] = self._asked(lambda: self._emr.describe_cluster(ClusterId=self.cluster_id)["Cluster"])
        return found

    def state(self) -> str:
        """Return the state of the cluster."""
        state: str = self.cluster()["Status"]["State"]
        return state

    def steps(self) -> list[Mapping[str, Any]]:
        """List the steps, the oldest first."""
        steps = self._asked(lambda: self._emr.list_steps(ClusterId=self.cluster_id)["Steps"])
        return list(reversed(steps))

    def notebook_executions(self) -> Sequence[Mapping[str, Any]]:
        """List the executions of notebooks in short."""
        found: Sequence[Mapping[str, Any]] = self._asked(
            lambda: self._emr.list_notebook_executions(ExecutionEngineId=self.cluster_id)["NotebookExecutions"]
        )
        return found

    def notebook_execution(self, name: str) -> Mapping[str, Any]:
        """Describe an execution of a notebook."""
        found = self._asked(lambda: self._emr.describe_notebook_execution(NotebookExecutionId=name))
        execution: Mapping[str, Any] = found["NotebookExecution"]
        return execution

    def report_notebook(self, name: str, status: str, reason: str, output: str = "") -> None:
        """Move an execution of a notebook to a state."""
        self._asked(lambda: self._reports.notebook(name, status, reason=reason, output=output))

    def bootstrap_actions(self) -> Sequence[Mapping[str, Any]]:
        """List the bootstrap actions."""
        found: Sequence[Mapping[str, Any]] = self._asked(
            lambda: self._emr.list_bootstrap_actions(ClusterId=self.cluster_id)["BootstrapActions"]
        )
        return found

    def idle_timeout(self) -> float | None:
        """Return after how many seconds without work the cluster ends, if it does."""
        found = self._asked(lambda: self._emr.get_auto_termination_policy(ClusterId=self.cluster_id))
        timeout: float | None = found.get("AutoTerminationPolicy", {}).get("IdleTimeout")
        return timeout

    def begin(self) -> bool:
        """Move a cluster that starts to BOOTSTRAPPING; return whether it has the capacity for that."""
        try:
            self._asked(lambda: self._reports.cluster(self.cluster_id, "BOOTSTRAPPING"))
        except ReportRefused:
            return False
        return True

    def report(self, state: str) -> None:
        """Move the cluster to a state; one that somebody ends meanwhile stays as it is."""
        if not self._tried(lambda: self._reports.cluster(self.cluster_id, state)) and self.state() == "STARTING":
            # An AWS that was killed may have forgotten the last report.
            self._tried(lambda: self._reports.cluster(self.cluster_id, "BOOTSTRAPPING"))
            self._tried(lambda: self._reports.cluster(self.cluster_id, state))

    def report_step(self, step_id: str, state: str, failure: Mapping[str, str] | None = None) -> bool:
        """Move a step to a state; one that somebody ended meanwhile stays as it is. Tell whether it was moved."""

        def report() -> None:
            self._reports.step(self.cluster_id, step_id, state, failure=failure)

        if self._tried(report):
            return True
        states = {step["Id"]: step["Status"]["State"] for step in self.steps()}
        if states.get(step_id) != "PENDING":
            return False
        # An AWS that was killed may have forgotten the last report.
        self._tried(lambda: self._reports.step(self.cluster_id, step_id, "RUNNING"))
        return self._tried(report)

    def terminate(self, code: str, message: str) -> None:
        """End the cluster for a reason of EMR's; it is TERMINATING then."""
        self._asked(lambda: self._reports.terminate(self.cluster_id, code=code, message=message))

    def _tried(self, call: Callable[[], None]) -> bool:
        """Report; return whether that was accepted."""
        try:
            self._asked(call)
        except ReportRefused as error:
            _log.warning("%s", error)
            return False
        return True

    def _asked(self, call: Callable[[], T]) -> T:
        away = False
        while True:
            try:
                answer = call()
            except (HTTPClientError, NoConnection) as error:
                if not away:
                    _log.warning("%s: AWS is away: %s", self.cluster_id, error)
                away = True
            except ClientError as error:
                if f"Cluster id '{self.cluster_id}' is not valid" in str(error):
                    raise Gone(str(error)) from None
                raise
            else:
                if away:
                    self.when_back()
                return answer
            if self._stop.wait(_ASKED_AGAIN_AFTER_SECONDS):
                raise Stopped
