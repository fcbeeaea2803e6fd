"""A command in a terminal of its own: what it writes, as it writes it, until it ends or its time is over."""

import codecs
import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ENDS_WITHIN_SECONDS: Final = 20.0
_LOOKS_EVERY_SECONDS: Final = 0.1
_CHUNK: Final = 65_536

Write = Callable[[str], None]
"""Takes what a program writes."""


@dataclass(frozen=True)
class Size:
    """Of a terminal, in characters."""

    width: int
    height: int


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Parameters
    ----------
    code
        Its exit code; negative for the signal that ended it.
    late
        Whether it was ended because its time was over.
    """

    code: int
    late: bool


def run_in_terminal(
    words: Sequence[str], *, environment: Mapping[str, str], folder: Path, size: Size, seconds: float, write: Write
) -> Ran:
    """Run a command in a terminal of its own.

    Parameters
    ----------
    words
        The command.
    environment, folder
        Where it runs.
    size
        Of its terminal.
    seconds
        After which it is interrupted, as by Ctrl-C.
    write
        Told of what it writes.

    Raises
    ------
    OSError
        If it cannot be started.

    Notes
    -----
    It has a session of its own: a Ctrl-C at the terminal of who presents is not for it. If it is interrupted, or this
    function is, what it has started has ended, too; if it ends by itself, a browser that it has opened stays.
    """
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size.height, size.width, 0, 0))
        process = subprocess.Popen(
            list(words),
            cwd=folder,
            env=dict(environment),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    try:
        late = not _follow(process, ours, time.monotonic() + seconds, write)
        if late:
            _interrupt(process, ours, write)
        return Ran(process.wait(), late)
    except BaseException:
        _interrupt(process, ours, lambda _text: None)
        raise
    finally:
        os.close(ours)


def _follow(process: "subprocess.Popen[bytes]", terminal: int, deadline: float, write: Write) -> bool:
    """Hand on what is written until the command has ended and all was read; tell whether before the deadline."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while time.monotonic() < deadline:
        ended = process.poll() is not None  # asked first: what it has written is in the terminal then
        if not select.select([terminal], [], [], 0 if ended else _LOOKS_EVERY_SECONDS)[0]:
            if ended:
                return True
            continue
        data = _read(terminal)
        if not data:
            process.wait()
            return True
        if text := decoder.decode(data):
            write(text)
    return False


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, _CHUNK)
    except OSError as error:
        if error.errno != errno.EIO:  # so Linux says that nobody has the other end open any more
            raise
        return b""


def _interrupt(process: "subprocess.Popen[bytes]", terminal: int, write: Write) -> None:
    """End a command and what it has started: by Ctrl-C first, so that it may tell what goes on without it."""
    try:
        _signal(process, signal.SIGINT)
        _follow(process, terminal, time.monotonic() + _ENDS_WITHIN_SECONDS, write)
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[bytes]", sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sign)
