"""Which photographs a probe is fitted on, and which it is scored on."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from job.bounds import DEFAULT_TEST_FOLDER, DEFAULT_TEST_SHARE, DEFAULT_TRAIN_FOLDER

Split = Literal["train", "test"]


@dataclass(frozen=True)
class SplitRule:
    """Assigns a photograph to a split by a folder in its path, else by a hash of its path.

    Parameters
    ----------
    train_folder, test_folder
        Names of folders, upper or lower case alike, that decide for all photographs below them.
    test_share
        Share of the other photographs that becomes the test split, from 0 to 1.
    """

    train_folder: str = DEFAULT_TRAIN_FOLDER
    test_folder: str = DEFAULT_TEST_FOLDER
    test_share: float = DEFAULT_TEST_SHARE

    def split_of(self, path: str) -> tuple[Split, bool]:
        """Give the split of a photograph by its path below the root, and whether a folder decided it."""
        folders = {part.casefold() for part in path.split("/")[:-1]}
        if self.test_folder.casefold() in folders:
            return "test", True
        if self.train_folder.casefold() in folders:
            return "train", True
        draw = int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:8], "big") / 2**64
        return ("test" if draw < self.test_share else "train"), False
