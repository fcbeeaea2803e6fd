"""The folder of a rendered sample: what in it is ours, what stays, what is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from ops.errors import FruitsError

MARKER = "_sample.json"
SIGNATURE = b"Fruits! rendered sample"

_PARTIAL = "_sample.part"


class SampleError(FruitsError):
    """The sample cannot be rendered as asked; the message says what to do."""


def rendered_in(folder: Path, expected: Collection[str]) -> set[str]:
    """Names of the rendered photographs in a folder, relative to it.

    Each carries `SIGNATURE` in its JPEG comment. An empty file with an expected name counts as a
    damaged one. Hidden files, of file browsers for the most part, count for nothing.

    Raises
    ------
    SampleError
        If the folder holds any other file, which is then somebody's.
    """
    if folder.exists() and not folder.is_dir():
        raise SampleError(f"{folder} is a file. Name a new or empty folder for the sample.")
    names: set[str] = set()
    for name, path in _visible_files(folder):
        if name in {MARKER, _PARTIAL}:
            continue
        if not _is_signed(path) and not (name in expected and path.stat().st_size == 0):
            raise SampleError(
                f"{folder} holds {name}, which no sample rendered, and nobody's photographs are overwritten. "
                "Name a new or empty folder for the sample, or move that file away."
            )
        names.add(name)
    return names


def read_marker(folder: Path) -> object:
    """Return what the marker says, or None if there is none that can be read."""
    try:
        return json.loads((folder / MARKER).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def write_marker(folder: Path, content: Mapping[str, object]) -> None:
    """Declare the sample complete."""
    write_if_changed(folder, MARKER, json.dumps(content, indent=2).encode() + b"\n")


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove these files, and the folders of labels that this leaves empty."""
    for name in names:
        path = folder / name
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def write_if_changed(folder: Path, name: str, content: bytes) -> bool:
    """Write a file whole or not at all; leave one with the same bytes untouched, and return False."""
    path = folder / name
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = folder / _PARTIAL
    partial.write_bytes(content)
    partial.replace(path)
    return True


def digest(folder: Path, names: Iterable[str]) -> str:
    """SHA-256 over these files' bytes, in the order given."""
    total = hashlib.sha256()
    for name in names:
        total.update((folder / name).read_bytes())
    return total.hexdigest()


def _visible_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield relative.as_posix(), path


def _is_signed(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(256)
    return head.startswith(b"\xff\xd8") and SIGNATURE in head
