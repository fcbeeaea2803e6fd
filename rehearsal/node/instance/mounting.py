"""Mounts, by the system call: Python has no function for it."""

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)
# From <sys/mount.h>.
_READ_ONLY: Final = 1
_REMOUNT: Final = 32
_BIND: Final = 4096
_RECURSIVE: Final = 16384


def mount_new(kind: str, target: Path, options: str = "") -> None:
    """Mount a new file system, such as ``tmpfs`` or ``proc``; the folder is made if it is missing.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    target.mkdir(parents=True, exist_ok=True)
    _mount(kind, target, kind, 0, options)


def mount_bound(source: Path, target: Path, *, read_only: bool = False) -> None:
    """Show a file or folder at a second place; what is missing there is made.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(str(source), target, "", _BIND | _RECURSIVE, "")
    if read_only:
        # A user namespace may not change flags of the mount below, and its user owns what is seen anyway.
        with contextlib.suppress(PermissionError):
            _mount(str(source), target, "", _BIND | _REMOUNT | _READ_ONLY, "")


def _mount(source: str, target: Path, kind: str, flags: int, options: str) -> None:
    arguments = (source.encode(), os.fsencode(target), kind.encode() or None, flags, options.encode() or None)
    if _libc.mount(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
