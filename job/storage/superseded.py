"""What a run takes the place of: projections of runs before it, which tables would show beside its own.

Another run may be at work on the same output. What it writes is left alone, and so is what it has just written.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from job.storage.layout import EXPORTS, PROJECTIONS, REPORTS, SCRATCH, is_manifest, is_plan, run_of
from job.storage.names import is_result
from job.storage.store import Listed, ResultStore

ABANDONED: Final = timedelta(days=1)
"""After so long without an end, a run is taken for one that was killed."""


@dataclass(frozen=True)
class Superseded:
    """Results of other runs that had ended, or were abandoned, as this run began, and what it had itself.

    Parameters
    ----------
    objects
        As they were listed; one that has been written again since is another run's.
    """

    objects: Mapping[str, Listed]

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
        limit = datetime.now(UTC) - ABANDONED
        reports = store.listed(REPORTS)
        ended = {run_of(path): item.written for path, item in reports.items() if is_manifest(path)}
        unfinished = {**{path: item for path, item in reports.items() if is_plan(path)}, **store.listed(SCRATCH)}
        found = {path: item for path, item in unfinished.items() if item.written < limit}
        for other, objects in _projections(store).items():
            if other == run or max(item.written for item in objects.values()) <= ended.get(other, limit):
                found |= objects
        return cls(found)

    def delete(self, store: ResultStore) -> None:
        """Delete what is as it was when the run began."""
        folders = {path.partition("/")[0] for path in self.objects}
        now = {path: item for folder in folders for path, item in store.listed(folder).items()}
        store.delete(path for path, item in self.objects.items() if now.get(path) == item)


def _projections(store: ResultStore) -> Mapping[str, dict[str, Listed]]:
    """Group projections and exports by their runs; what else lies there is not ours."""
    found: defaultdict[str, dict[str, Listed]] = defaultdict(dict)
    for folder in (PROJECTIONS, EXPORTS):
        for path, item in store.listed(folder.name).items():
            if is_result(path):
                found[run_of(path)][path] = item
    return found
