"""Run a command to its end and measure it from outside: wall time, and the memory peak of each of its processes."""

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from bench.settings import OUT, RowFailed

_SECONDS_BETWEEN_SAMPLES: Final = 0.5
_ERROR: Final = re.compile(r"error: |[\w.]*(Error|Exception)\b")
"""How a line begins that says what was wrong: our own messages, and the last line of a traceback."""


@dataclass(frozen=True)
class Measured:
    """A command that succeeded.

    Parameters
    ----------
    seconds
        From start to exit.
    answer
        The JSON object on the last line it printed that begins as one.
    peaks
        (command line, peak resident bytes) of each process of its tree.
    """

    seconds: float
    answer: dict[str, Any]
    peaks: list[tuple[str, int]]

    def peak(self, program: str, words: str = "") -> int | None:
        """Return the largest peak among the processes of a program with these words in their command line, in bytes.

        Parameters
        ----------
        program
            How the file name of the program begins, such as ``python``.
        words
            For example the name of a script; Spark's JVM has that in its command line, too.
        """
        return max((peak for command, peak in self.peaks if _is(command, program) and words in command), default=None)


def run(command: Sequence[str], *, row: str, environment: Mapping[str, str]) -> Measured:
    """Run a command that prints a JSON object when it is done.

    Parameters
    ----------
    command
        Program and arguments.
    row
        Names the log, ``bench/out/<row>.log``, of all that it prints.
    environment
        The whole environment.

    Raises
    ------
    RowFailed
        With its last line that tells of an error, if it fails or gives no JSON object.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    log = OUT / f"{row}.log"
    with log.open("wb") as output:
        started = time.monotonic()
        process = psutil.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,  # spark-submit itself lays the driver's standard error on its standard output
            start_new_session=True,
        )
        peaks: dict[int, tuple[str, int]] = {}
        try:
            while process.poll() is None:
                _sample(process, peaks)
                try:
                    process.wait(_SECONDS_BETWEEN_SAMPLES)
                except psutil.TimeoutExpired:
                    continue
        except BaseException:
            stop(process)
            raise
        seconds = time.monotonic() - started
    return Measured(seconds, _answer(process.returncode, log), list(peaks.values()))


def stop(process: psutil.Process) -> None:
    """End a process and its descendants, by asking first."""
    try:
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        _ignore_gone(member.terminate)
    for member in psutil.wait_procs(family, timeout=10)[1]:
        _ignore_gone(member.kill)


def peak_bytes(process: psutil.Process) -> int:
    """Return the most memory a process ever held resident; without Linux's account of it, what it holds now.

    This is not `ru_maxrss`: a process started by `vfork` inherits that from the one that started it.
    """
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(errors="replace")
    except FileNotFoundError:
        return int(process.memory_info().rss)
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split(maxsplit=1)[0]) * 1024 if found else 0  # a zombie has no memory any more


def _is(command: str, program: str) -> bool:
    return command.partition(" ")[0].rpartition("/")[2].startswith(program)


def _sample(process: psutil.Process, peaks: dict[int, tuple[str, int]]) -> None:
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            command = " ".join(member.cmdline())
            peak = peak_bytes(member)
        except (psutil.Error, OSError):  # it ended between being listed and being looked at
            continue
        known_command, known_peak = peaks.get(member.pid, ("", 0))
        peaks[member.pid] = (command or known_command, max(peak, known_peak))


def _answer(code: int, log: Path) -> dict[str, Any]:
    lines = log.read_text(errors="replace").strip().splitlines()
    if code:
        errors = [line for line in lines if _ERROR.match(line)]
        why = (errors or lines or ["it printed nothing"])[-1]
        raise RowFailed(f"exit code {code}: {why.strip()[:300]}; see {os.path.relpath(log)}")
    for line in reversed(lines):
        if line.startswith("{"):
            answer: dict[str, Any] = json.loads(line)
            return answer
    raise RowFailed(f"printed no JSON object; see {os.path.relpath(log)}")


def _ignore_gone(action: Any) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return
