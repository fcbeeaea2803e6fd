"""Processes that go on without a terminal, such as the embedded AWS: started, found again by a record, and stopped.

Nothing of ours is imported: the embedded AWS, which judges the product, uses this, too.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import psutil

T = TypeVar("T")

_RECORD: Final = "FRUITS_DAEMON"
"""Variable of a daemon, and of what it starts, with the path of its record: a record may be lost or damaged."""

_TIED: Final = "FRUITS_TIED"
_ROOT: Final = Path(__file__).resolve().parents[1]
_STARTS_WITHIN_SECONDS: Final = 60.0
_STOPS_WITHIN_SECONDS: Final = 60.0
_LOOKS_EVERY_SECONDS: Final = 0.05


class DaemonFailed(Exception):
    """A daemon cannot be started, found or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Daemon(Generic[T]):
    """A daemon of this project, running or not.

    Parameters
    ----------
    kind
        Makes what clients know of it from its record, given by keywords.
    title
        For messages, with its article: ``the node``.
    module
        What ``python -m`` runs.
    record
        File with its number, the time of its start, and what else clients have to know of it, as JSON.
    log
        File for all that it prints.
    """

    kind: Callable[..., T]
    title: str
    module: str
    record: Path
    log: Path

    def start(
        self,
        arguments: Sequence[str],
        *,
        variables: Mapping[str, str],
        facts: Mapping[str, Any],
        is_ready: Callable[[int], bool],
        tied: bool,
    ) -> T:
        """Start it, and wait until it is ready.

        Parameters
        ----------
        arguments
            After the name of the module.
        variables
            Added to the environment of this process, of which those of AWS are left out.
        facts
            What clients have to know.
        is_ready
            Asked with the number of its process, again and again.
        tied
            End it when this process has ended, in whatever way.

        Returns
        -------
        T
            Made of the facts with ``pid`` and ``started``.

        Raises
        ------
        DaemonFailed
            If it ends or is not ready in time; it does not run then.
        """
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        ours = {_RECORD: str(self.record), _TIED: "yes" if tied else ""}
        # Nobody writes into the line, whose other end is held open here as long as this process lives.
        line, _held = os.pipe() if tied else (subprocess.DEVNULL, None)
        with self.log.open("ab") as log:
            offset = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", self.module, *arguments],
                env={**inherited, **variables, **ours},
                cwd=_ROOT,
                stdin=line,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal is for whoever uses it
            )
        if tied:
            os.close(line)
        record = {**facts, "pid": process.pid, "started": psutil.Process(process.pid).create_time()}
        self._write(record)
        try:
            self._wait_until_ready(process, is_ready, offset)
        except BaseException:
            self.stop()
            raise
        return self.kind(**record)

    def find(self) -> T | None:
        """Return what clients know of it if it runs.

        Raises
        ------
        DaemonFailed
            If the record is damaged.
        """
        try:
            record = self._read()
            return self.kind(**record) if record is not None and _process_of(record) else None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DaemonFailed(
                f"{self.record}, the record of {self.title}, is damaged; stop it and begin anew:"
                f" fruits aws down --delete --folder {shlex.quote(str(self.record.parent))}"
            ) from None

    def runs(self) -> bool:
        """Return whether it runs, also if its record is damaged or lost."""
        return self._process() is not None

    def stop(self) -> bool:
        """Stop it with all that it has started, also if its record is damaged or lost; return whether it ran.

        Raises
        ------
        DaemonFailed
            If it had to be killed.
        """
        process = self._process()
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [process, *process.children(recursive=True)]
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=_STOPS_WITHIN_SECONDS)
            for survivor in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    survivor.kill()
            psutil.wait_procs(family, timeout=_STOPS_WITHIN_SECONDS)
            if alive:
                patience = f"{_STOPS_WITHIN_SECONDS:.0f} s"
                raise DaemonFailed(f"{self.title} of {self.record.parent} did not end within {patience} and was killed")
        return True

    def _process(self) -> psutil.Process | None:
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            if (record := self._read()) is not None and (process := _process_of(record)):
                return process
        return min(self._marked(), key=psutil.Process.create_time, default=None)

    def _marked(self) -> list[psutil.Process]:
        """List the processes that have its record's path in their environment: it is the oldest of them."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get(_RECORD) == str(self.record) and process.cmdline():
                    found.append(process)
        return found

    def _read(self) -> Mapping[str, Any] | None:
        try:
            record: Mapping[str, Any] = json.loads(self.record.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return record

    def _write(self, record: Mapping[str, Any]) -> None:
        """Write the record at once, whole: somebody may read it, or kill us, meanwhile."""
        partial = self.record.with_suffix(".partial")
        partial.write_text(json.dumps(record), encoding="utf-8")
        partial.replace(self.record)

    def _wait_until_ready(
        self, process: "subprocess.Popen[bytes]", is_ready: Callable[[int], bool], offset: int
    ) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if is_ready(process.pid):
                return
            time.sleep(_LOOKS_EVERY_SECONDS)
        with self.log.open("rb") as log:
            log.seek(offset)
            lines = log.read().decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "it logged nothing"
        raise DaemonFailed(f"{self.title} did not start: {reason} (log: {self.log})")


def end_with_starter() -> None:
    """Have this process, a daemon, get SIGTERM when the one that it is tied to has ended; called by its main."""
    if os.environ.get(_TIED):
        threading.Thread(target=_wait_for_end_of_starter, daemon=True).start()


def _wait_for_end_of_starter() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _process_of(record: Mapping[str, Any]) -> psutil.Process | None:
    """Return the process of a record if it lives: the time of its start tells it from a later one with its number."""
    pid, started = int(record["pid"]), float(record["started"])
    try:
        process = psutil.Process(pid)
        alive = process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None
