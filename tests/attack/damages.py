"""What happens to objects of a store: disks, cut copies, synchronised folders, and people who tidy up."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from job.storage.layout import LAYOUT, LAYOUT_OBJECT
from tests.damage import mutate

_FOREIGN: Final = ("_SUCCESS", ".DS_Store", "part-00000.parquet", "notes.txt", "Thumbs.db", "x.csv", "0-0.parquet")
_LAYOUTS: Final = (str(LAYOUT + 1), "99", "0", "-1", "1e999", "null", '"two"', "[]")

Damage = Callable[[Path, Path, np.random.Generator], Path]
"""Does something to a file, or because of it, below a folder of results; returns the file that is damaged then."""


def flip(file: Path, _: Path, chance: np.random.Generator) -> Path:
    """Change a bit as a disk does, which changes no time of the file."""
    content, status = bytearray(file.read_bytes()), file.stat()
    if content:
        content[int(chance.integers(len(content)))] ^= 1 << int(chance.integers(8))
    with file.open("r+b") as same:
        same.write(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return file


def cut(file: Path, _: Path, chance: np.random.Generator) -> Path:
    """Cut a file off."""
    os.truncate(file, int(chance.integers(max(1, file.stat().st_size))))
    return file


def empty(file: Path, _: Path, __: np.random.Generator) -> Path:
    """Leave nothing in it, as a full disk does."""
    os.truncate(file, 0)
    return file


def delete(file: Path, _: Path, __: np.random.Generator) -> Path:
    """Take it away."""
    file.unlink()
    return file


def scramble(file: Path, _: Path, chance: np.random.Generator) -> Path:
    """Change, double and cut out bytes."""
    file.write_bytes(mutate(file.read_bytes(), chance))
    return file


def exchange(file: Path, results: Path, chance: np.random.Generator) -> Path:
    """Put the content of another object in its place."""
    file.write_bytes(_another(file, results, chance).read_bytes())
    return file


def misplace(file: Path, results: Path, chance: np.random.Generator) -> Path:
    """Put a copy, under its own name, where others are."""
    target = _another(file, results, chance).with_name(file.name)
    target.write_bytes(file.read_bytes())
    return target


def add(file: Path, _: Path, chance: np.random.Generator) -> Path:
    """Put something of somebody else's beside it."""
    target = file.with_name(_FOREIGN[int(chance.integers(len(_FOREIGN)))])
    target.write_bytes(chance.bytes(int(chance.integers(50))))
    return target


def renumber(_: Path, results: Path, chance: np.random.Generator) -> Path:
    """Mark the results as those of a newer program, or of none that there can be."""
    target = results / LAYOUT_OBJECT
    target.write_text(f'{{"layout": {chance.choice(_LAYOUTS)}}}')
    return target


def _another(file: Path, results: Path, chance: np.random.Generator) -> Path:
    others = sorted(path for path in results.rglob("*.*") if path.is_file() and path.parent != file.parent)
    return others[int(chance.integers(len(others)))]


DAMAGES: Final[Mapping[str, Damage]] = {
    "flip a bit of": flip,
    "cut": cut,
    "empty": empty,
    "delete": delete,
    "scramble": scramble,
    "exchange": exchange,
    "misplace a copy as": misplace,
    "add": add,
    "renumber": renumber,
}
