"""What a run takes the place of: projections of runs before it, which tables would show beside its own.

Another run may be at work on the same output. What it writes is left alone, and so is what it has just written.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from job.storage.layout import EXPORTS, PROJECTIONS, REPORTS, is_manifest, is_plan, run_of
from job.storage.store import ResultStore

ABANDONED: Final = timedelta(days=1)
"""After so long without an end, a run is taken for one that was killed."""


@dataclass(frozen=True)
class Superseded:
    """Results of other runs that had ended, or were abandoned, as this run began, and what it had itself.

    Parameters
    ----------
    objects
        When each of them was written; one that has been written again since is another run's.
    """

    objects: Mapping[str, datetime]

    @classmethod
    def of(cls, store: ResultStore, run: str) -> "Superseded":
        """Look at the results as a run begins.

        Parameters
        ----------
        store
            The results.
        run
            Name of the run that begins.
        """
        reports = store.written(REPORTS)
        ended = {run_of(path): when for path, when in reports.items() if is_manifest(path)}
        limit = datetime.now(UTC) - ABANDONED
        found = {path: when for path, when in reports.items() if is_plan(path) and when < limit}
        for other, objects in _projections(store).items():
            if other == run or max(objects.values()) <= ended.get(other, limit):
                found |= objects
        return cls(found)

    def delete(self, store: ResultStore) -> None:
        """Delete what is as it was when the run began."""
        folders = {path.partition("/")[0] for path in self.objects}
        now = {path: when for folder in folders for path, when in store.written(folder).items()}
        store.delete(path for path, when in self.objects.items() if now.get(path) == when)


def _projections(store: ResultStore) -> Mapping[str, dict[str, datetime]]:
    """Group projections and exports by their runs."""
    found: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for path, when in _written(store):
        found[run_of(path)][path] = when
    return found


def _written(store: ResultStore) -> Iterator[tuple[str, datetime]]:
    for folder in (PROJECTIONS, EXPORTS):
        yield from store.written(folder.name).items()
