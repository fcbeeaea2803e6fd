"""Files of this machine that are there whole once they are there, also after a loss of power."""

import os
import secrets
from pathlib import Path


def write_durably(root: Path, path: str, content: bytes) -> None:
    """Write one file below a folder, whole or not at all, and onto the disk before it counts.

    Parameters
    ----------
    root
        A folder that is there.
    path
        Path of the file below it; folders on the way are made.
    content
        All of its bytes.
    """
    target = root / path
    made = _make_folders(target.parent)
    # obstore, which lists the results, leaves out names that end so: they are of files that are still being written.
    staged = target.with_name(f"{target.name}#{secrets.randbelow(10**12)}")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    for folder in (target.parent, *(folder.parent for folder in made)):
        _sync(folder)


def _make_folders(folder: Path) -> list[Path]:
    made = [missing for missing in (folder, *folder.parents) if not missing.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return made


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk, too: fsync of a file says nothing of them (fsync(2))."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
