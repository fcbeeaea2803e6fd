"""Run a command to its end and measure it from outside: wall time, and the memory peak of each of its processes."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from bench.settings import OUT, RowFailed

_SECONDS_BETWEEN_SAMPLES = 0.25


@dataclass(frozen=True)
class Measured:
    """A command that succeeded.

    Parameters
    ----------
    seconds
        From start to exit.
    answer
        The JSON object on the last line of its standard output.
    peaks
        (command line, peak resident bytes) of each process of its tree.
    """

    seconds: float
    answer: dict[str, Any]
    peaks: list[tuple[str, int]]

    def peak(self, words: str) -> int | None:
        """Give the largest peak among processes with these words in their command line, in bytes."""
        return max((peak for command, peak in self.peaks if words in command), default=None)


def run(command: Sequence[str], *, row: str, environment: Mapping[str, str]) -> Measured:
    """Run a command whose last line of output is a JSON object.

    Parameters
    ----------
    command
        Program and arguments.
    row
        Names the log, ``bench/out/<row>.log``, where its standard error goes.
    environment
        The whole environment.

    Raises
    ------
    RowFailed
        With the last line it printed, if it fails or gives no JSON object.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    log = OUT / f"{row}.log"
    with log.open("wb") as errors, tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = psutil.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
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
        return Measured(seconds, _answer(process.returncode, output, log), list(peaks.values()))


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
    """Give the most memory a process ever held resident; without Linux's account of it, what it holds now.

    This is not `ru_maxrss`: a process started by `vfork` inherits that from the one that started it.
    """
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(errors="replace")
    except FileNotFoundError:
        return int(process.memory_info().rss)
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split(maxsplit=1)[0]) * 1024 if found else 0  # a zombie has no memory any more


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


def _answer(code: int, output: IO[bytes], log: Path) -> dict[str, Any]:
    output.seek(0)
    printed = output.read().decode(errors="replace").strip()
    last_line = printed.rpartition("\n")[2]
    if code == 0:
        try:
            answer = json.loads(last_line)
        except json.JSONDecodeError:
            answer = None
        if isinstance(answer, dict):
            return answer
        raise RowFailed(f"printed no JSON object on its last line but {last_line!r}; see {log}")
    complaints = log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in complaints if "rror" in line]
    why = (errors or complaints or [last_line])[-1]
    raise RowFailed(f"exit code {code}: {why.strip()[:300]}; see {log}")


def _ignore_gone(action: Any) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return
