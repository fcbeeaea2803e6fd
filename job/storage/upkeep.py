"""What a run finds in the store that nobody of us has written: told at once, and in manifest and report."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from job.storage.parquet import Damaged

log = logging.getLogger("fruits")


@dataclass
class Upkeep:
    """Objects of others, which are left where they are, and batches that are not what was written.

    Parameters
    ----------
    ignored
        Paths of what has no name of ours.
    set_aside
        Paths that batches had, each with what shows the damage.
    """

    ignored: set[str] = field(default_factory=set)
    set_aside: dict[str, str] = field(default_factory=dict)

    def note_ignored(self, paths: Iterable[str]) -> None:
        """Log what is not ours, once."""
        new = set(paths) - self.ignored
        self.ignored |= new
        if new:
            log.warning("%d objects that are no batches are ignored, such as %s", len(new), min(new))

    def note_damage(self, damage: Damaged) -> None:
        """Log a batch that is set aside."""
        self.set_aside[damage.path] = damage.why
        log.warning("set aside, to be computed again: %s", damage)

    def facts(self) -> dict[str, Any]:
        """Return counts and an example of each, for the manifest."""
        return {
            "ignored": len(self.ignored),
            "ignored_example": min(self.ignored, default=None),
            "set_aside": len(self.set_aside),
            "set_aside_example": min(self.set_aside, default=None),
        }

    def notes(self) -> list[str]:
        """Return a sentence on each kind that was found, for people."""
        notes = []
        if self.ignored:
            notes.append(
                f"{len(self.ignored)} objects of others in the results were ignored, such as {min(self.ignored)}."
            )
        if self.set_aside:
            path, why = min(self.set_aside.items())
            notes.append(
                f"{len(self.set_aside)} damaged batches were set aside and computed again, such as {path}: {why}."
            )
        return notes
