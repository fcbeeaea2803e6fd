"""Which photographs a probe is fitted on, and which it is scored on."""

import hashlib
from dataclasses import dataclass
from typing import Literal

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

    train_folder: str = "Training"
    test_folder: str = "Test"
    test_share: float = 0.2

    def split_of(self, path: str) -> tuple[Split, bool]:
        """Give the split of a photograph by its path below the root, and whether a folder decided it."""
        folders = {part.casefold() for part in path.split("/")[:-1]}
        if self.test_folder.casefold() in folders:
            return "test", True
        if self.train_folder.casefold() in folders:
            return "train", True
        draw = int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:8], "big") / 2**64
        return ("test" if draw < self.test_share else "train"), False
