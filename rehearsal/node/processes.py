"""Processes of an instance, found by their environment: so also those that left their parents or their session."""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import psutil

_GRACE_SECONDS: Final = 5.0
_GIVES_UP_AFTER_SECONDS: Final = 20.0


def processes_with(variables: Mapping[str, str]) -> list[psutil.Process]:
    """Find the processes of this machine that were started with these variables."""
    return having(variables, psutil.process_iter())


def having(variables: Mapping[str, str], processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Choose the processes that were started with these variables, of those whose variables may be asked."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            environment = process.environ()
            if all(environment.get(name) == value for name, value in variables.items()):
                found.append(process)
    return found


def end_processes(find: Callable[[], list[psutil.Process]]) -> None:
    """End processes, first politely, until none is found any more.

    Raises
    ------
    RuntimeError
        If some do not end even when killed.
    """
    begun = time.monotonic()
    while processes := find():
        patience = time.monotonic() - begun
        if patience > _GIVES_UP_AFTER_SECONDS:
            raise RuntimeError(f"processes {[process.pid for process in processes]} do not end")
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if patience < _GRACE_SECONDS:
                    process.terminate()
                else:
                    process.kill()
        psutil.wait_procs(processes, timeout=_GRACE_SECONDS)
