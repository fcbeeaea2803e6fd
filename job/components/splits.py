"""Which photographs a probe is fitted on, and which it is scored on."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from job.bounds import DEFAULT_TEST_FOLDER, DEFAULT_TEST_SHARE, DEFAULT_TRAIN_FOLDER

Split = Literal["train", "test", "validation"]

VALIDATION_FOLDER: Final = "Validation"
"""Beside the other two in releases of Fruits-360; the probe is neither fitted on it nor scored."""


@dataclass(frozen=True)
class SplitRule:
    """Assigns a photograph to a split by a folder in its path, else by a hash of its path.

    Parameters
    ----------
    train_folder, test_folder
        Names of folders, upper or lower case and forms of accents alike, that decide for all photographs below them.
    test_share
        Share of the other photographs that becomes the test split, from 0 to 1.
    """

    train_folder: str = DEFAULT_TRAIN_FOLDER
    test_folder: str = DEFAULT_TEST_FOLDER
    test_share: float = DEFAULT_TEST_SHARE

    def split_of(self, path: str) -> tuple[Split, bool]:
        """Return the split of a photograph by its path below the root, and whether a folder decided it."""
        folders = set(map(_folded, path.split("/")[:-1]))
        if _folded(self.test_folder) in folders:
            return "test", True
        if _folded(self.train_folder) in folders:
            return "train", True
        if _folded(VALIDATION_FOLDER) in folders:
            return "validation", True
        draw = int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:8], "big") / 2**64
        return ("test" if draw < self.test_share else "train"), False


def labels_on_one_side(rule: SplitRule, folders: Iterable[str]) -> Iterator[str]:
    """Yield which labels folders give to one split alone, as after one of two copies of a data set was renamed.

    Parameters
    ----------
    rule
        Assigns photographs to splits.
    folders
        Of the photographs, below the root, each with the label as its last part.
    """
    sides: dict[Split, set[str]] = {"train": set(), "test": set(), "validation": set()}
    for folder in folders:
        split, by_folder = rule.split_of(f"{folder}/")
        if by_folder:
            sides[split].add(unicodedata.normalize("NFC", folder.rpartition("/")[2]))
    if not sides["train"] or not sides["test"]:
        return
    for name, alone in (
        (rule.train_folder, sides["train"] - sides["test"]),
        (rule.test_folder, sides["test"] - sides["train"]),
    ):
        if alone:
            more = f" and {len(alone) - 1:,} more labels" if len(alone) > 1 else ""
            yield f"only {name} has photographs of {min(alone)!r}{more}: renamed, or missing?"


@cache
def _folded(name: str) -> str:
    """Return a name that is the same in upper and lower case, and however its accents are written."""
    return unicodedata.normalize("NFC", name).casefold()
