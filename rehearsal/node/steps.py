"""Steps: `command-runner.jar` with the arguments as deployed, their logs, and what they died of."""

import re
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rehearsal.node.logs import LOGS
from rehearsal.node.machine import Machine
from rehearsal.node.program import RunningProgram

_RUNNER: Final = "command-runner.jar"
_STEP_VARIABLE: Final = "EMR_STEP_ID"
_READ_BYTES: Final = 1_000_000
_LONGEST_MESSAGE: Final = 1_000
_NOT_RUN: Final = (126, 127)  # exit codes of POSIX for what cannot be executed, and what is not found

_TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*"
    r"(?:py4j\.protocol\.Py4JJavaError: .*\n: )?(?P<line>\S.*)",  # the line after it has Java's own exception
    re.MULTILINE,
)
_JOB_ERROR = re.compile(r"^(?P<line>error: .*)", re.MULTILINE)
_JAVA = re.compile(r"^(?:Exception in thread \"[^\"]*\" )(?P<line>\S.*)", re.MULTILINE)
_NO_PROGRAM = re.compile(r"^(?:nsenter: failed to execute|.*: exec:) (?P<program>[^:]+): (?P<why>.*)\Z")
_LAST = re.compile(r"^(?P<line>\S.*)\Z", re.MULTILINE)


class StepRefused(Exception):
    """The step cannot be run at all; the message says why."""


class RunningStep:
    """A step that runs.

    Parameters
    ----------
    machine
        Where.
    step
        As `ListSteps` gives it.

    Raises
    ------
    StepRefused
        If it names a JAR other than command-runner.jar.
    """

    def __init__(self, machine: Machine, step: Mapping[str, Any]) -> None:
        self.id: str = step["Id"]
        self.logs = logs_of(machine, self.id)
        self._begun = time.monotonic()
        jar, arguments = step["Config"]["Jar"], step["Config"].get("Args", [])
        arguments = [machine.instance.placed(item) for item in arguments]
        folder = machine.root / "mnt" / "var" / "lib" / "hadoop" / "steps" / self.id
        for path in (folder, self.logs):
            path.mkdir(parents=True, exist_ok=True)
        for name in LOGS:
            (self.logs / name).touch()
        self._note(f"running {jar} {' '.join(arguments)}")
        if Path(jar).name != _RUNNER or not arguments:
            raise self._refused(f"cannot run {jar}: this node runs {_RUNNER} with a command")
        folder.chmod(0o1777)  # whoever runs the step
        self._program = RunningProgram(
            machine,
            arguments,
            folder=folder,
            logs=self.logs,
            variables={"EMR_CLUSTER_ID": machine.cluster_id},
            marks={_STEP_VARIABLE: self.id},
        )

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""
        code = self._program.poll()
        if code is not None:
            self._program.end()
            self._note(f"ended with code {code} after {time.monotonic() - self._begun:.1f} s")
        return code

    def end(self) -> None:
        """End it before its time."""
        self._program.end()
        self._note(f"stopped after {time.monotonic() - self._begun:.1f} s")

    def _refused(self, message: str) -> StepRefused:
        self._note(message)
        return StepRefused(message)

    def _note(self, text: str) -> None:
        with (self.logs / "controller").open("a", encoding="utf-8") as controller:
            controller.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")


def logs_of(machine: Machine, step_id: str) -> Path:
    """Return the folder of a step's logs on the machine."""
    return machine.root / "mnt" / "var" / "log" / "hadoop" / "steps" / step_id


def cause_of(code: int, logs: Path) -> tuple[str, str]:
    """Find the line that says what a step died of, and the log that has it.

    The last exception of Python, else the job's own error line, else Java's exception, else the last line. Spark puts
    the standard error of a driver in Python into the standard output, so both are looked at.
    """
    if code < 0:
        return f"ended by signal {-code} ({signal.Signals(-code).name})", "controller"
    if code > 128 and code - 128 in signal.Signals._value2member_map_:
        return f"ended by signal {code - 128} ({signal.Signals(code - 128).name})", "controller"
    texts = {name: _tail(logs / name) for name in ("stderr", "stdout")}
    if code in _NOT_RUN and (found := _NO_PROGRAM.match(texts["stderr"])):
        return f"cannot run program {found['program']}: {found['why']}", "stderr"
    for pattern in (_TRACEBACK, _JOB_ERROR, _JAVA, _LAST):
        for name, line in _matches(pattern, texts):
            return line[:_LONGEST_MESSAGE], name
    return f"ended with code {code}", "controller"


def _matches(pattern: re.Pattern[str], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        found = list(pattern.finditer(text))
        if found:
            yield name, found[-1]["line"].strip()


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _READ_BYTES))
        return file.read().decode(errors="replace").rstrip()
