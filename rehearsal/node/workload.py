"""The steps of a cluster: which run, which begin, which end, and what is reported of them."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.node.control import Control
from rehearsal.node.logs import LogUpload
from rehearsal.node.machine import Machine
from rehearsal.node.steps import RunningStep, StepRefused, cause_of, logs_of

_UNFINISHED: Final = ("PENDING", "RUNNING", "CANCEL_PENDING")
_REASON: Final = "Unknown Error."  # what EMR says of whatever a program itself did wrong
_log = logging.getLogger("fruits.node")


class Workload:
    """Works on the steps of a cluster.

    Parameters
    ----------
    machine
        Where.
    control
        Of the cluster.
    logs
        Where they go.
    log_seconds
        Between two uploads of the logs of a step that runs.
    """

    def __init__(self, machine: Machine, control: Control, logs: LogUpload, *, log_seconds: float) -> None:
        self._machine = machine
        self._control = control
        self._logs = logs
        self._log_seconds = log_seconds
        self._running: dict[str, RunningStep] = {}
        self._uploaded = time.monotonic()
        self._steps: list[Mapping[str, Any]] = []

    @property
    def busy(self) -> bool:
        """Whether there is work."""
        return bool(self._running) or any(_state(step) in _UNFINISHED for step in self._steps)

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(_state(step) == "FAILED" for step in self._steps)

    @property
    def held(self) -> bool:
        """Whether the last step that failed asks the cluster to wait rather than to end."""
        ended = [step for step in self._steps if _state(step) in ("COMPLETED", "FAILED")]
        return bool(ended) and _state(ended[-1]) == "FAILED" and ended[-1]["ActionOnFailure"] == "CANCEL_AND_WAIT"

    def resume(self) -> None:
        """Report what became of steps that ran when a node stopped: their programs have ended with it."""
        for step in self._control.steps():
            if _state(step) == "CANCEL_PENDING":
                self._control.report_step(step["Id"], "CANCELLED")
            elif _state(step) == "RUNNING":
                self._fail(step["Id"], "the node was stopped while the step ran", "controller")

    def advance(self, concurrency: int) -> None:
        """Begin, end and report what is due.

        Parameters
        ----------
        concurrency
            How many steps may run at a time.
        """
        self._steps = self._control.steps()
        ended = [
            self._look_at(running, cancelled=_state(step) == "CANCEL_PENDING")
            for step in self._steps
            if (running := self._running.get(step["Id"]))
        ]
        if any(ended):  # what comes next depends on how: see the next time
            return
        for step in self._steps:
            if _state(step) == "PENDING" and step["Id"] not in self._running and len(self._running) < concurrency:
                self._begin(step)
        if time.monotonic() - self._uploaded > self._log_seconds:
            self._upload()

    def end(self) -> None:
        """End whatever runs, and upload its logs."""
        for running in self._running.values():
            running.end()
        self._upload()

    def _upload(self) -> None:
        for running in self._running.values():
            self._logs.upload_step(running.id, running.logs)
        self._logs.upload_pending()
        self._uploaded = time.monotonic()

    def _begin(self, step: Mapping[str, Any]) -> None:
        if not self._control.report_step(step["Id"], "RUNNING"):
            return
        _log.info("%s: step %s runs", self._control.cluster_id, step["Id"])
        try:
            self._running[step["Id"]] = RunningStep(self._machine, step)
        except StepRefused as error:
            self._logs.upload_step(step["Id"], logs_of(self._machine, step["Id"]))
            self._fail(step["Id"], str(error), "controller")

    def _look_at(self, running: RunningStep, *, cancelled: bool) -> bool:
        """End what is to be ended, and report what has ended; return whether it has."""
        code = running.poll()
        if code is None and not cancelled:
            return False
        del self._running[running.id]
        if code is None:
            running.end()
        self._logs.upload_step(running.id, running.logs)  # first, so that who sees the end finds the logs
        if code is None:
            self._control.report_step(running.id, "CANCELLED")
        elif code == 0:
            self._control.report_step(running.id, "COMPLETED")
        else:
            message, log = cause_of(code, running.logs)
            self._fail(running.id, message, log)
        return True

    def _fail(self, step_id: str, message: str, log: str) -> None:
        failure = {"Reason": _REASON, "Message": message, "LogFile": self._logs.uri_of_step(step_id, log)}
        self._control.report_step(step_id, "FAILED", failure)


def _state(step: Mapping[str, Any]) -> str:
    state: str = step["Status"]["State"]
    return state
