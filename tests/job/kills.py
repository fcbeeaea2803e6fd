"""Runs that are killed for real, with all of their processes."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

import psutil

from ops.local.spark_submit import environment

_SECONDS: Final = 600


def killed_once(command: Sequence[str], reached: Callable[[], bool]) -> bool:
    """Run a command of spark-submit, and kill all its processes as soon as a point is reached.

    Parameters
    ----------
    command
        Program and arguments.
    reached
        Tells, by what the run has left so far, whether it has come to the point.

    Returns
    -------
    bool
        Whether it was killed; False if it ended before.
    """
    process = subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + _SECONDS
        while not reached():
            if process.poll() is not None:
                return False
            assert time.monotonic() < deadline, f"not come to the point within {_SECONDS} s"
            time.sleep(0.003)
        return True
    finally:
        # The workers' daemon leads a process group of its own; what all of them share is the session.
        while members := _session_of(process.pid):
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
        process.wait()


def _session_of(leader: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return members
