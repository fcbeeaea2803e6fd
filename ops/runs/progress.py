"""How far a run is, as its results on S3 show: the plan of what is to do, and the batches that are done."""

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import pyarrow.parquet as pq

from job.storage.layout import FEATURES, QUARANTINE, REPORTS, is_plan
from job.storage.names import photographs_in
from ops.aws.account import Client
from ops.aws.s3.folder import Folder, Object

Phase = Literal["starting", "featurizing", "finishing"]

_CLOCKS_DIFFER: Final = timedelta(seconds=2)  # S3 cuts the time of an object to the second


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    phase
        Before, while and after photographs are featurized.
    done, total
        Photographs featurized by this run, and to be featurized by it.
    rate
        Photographs a second since the first was planned; 0 while none is done.
    """

    phase: Phase = "starting"
    done: int = 0
    total: int = 0
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the featurization goes on at this rate; None if nobody knows."""
        return (self.total - self.done) / self.rate if self.phase == "featurizing" and self.rate else None


@dataclass
class RunProgress:
    """Looks at the results while one run writes them.

    Parameters
    ----------
    results
        Folder that the job writes to.
    since
        Time at which the step started; what is older is another run's.

    Notes
    -----
    The job writes its plan, commits batches whose names end in their number of photographs, and deletes the plan when
    all are committed; see `job.storage.layout`.
    """

    results: Folder
    since: datetime
    _plan: Object | None = field(default=None, init=False)
    _total: int = field(default=0, init=False)

    def look(self, now: datetime) -> Progress:
        """Return how far the run is."""
        plan = self._newest_plan()
        if plan is None:
            return Progress("finishing", self._total, self._total) if self._plan else Progress()
        if self._plan is None or plan.etag != self._plan.etag:
            content = self.results.read(plan.path)
            if content is None:  # deleted since it was listed
                return Progress("finishing")
            self._plan, self._total = plan, pq.ParquetFile(io.BytesIO(content)).metadata.num_rows
        done = min(self._total, self._committed(plan.modified))
        seconds = max(1.0, (now - plan.modified).total_seconds())
        return Progress("featurizing", done, self._total, done / seconds)

    def _newest_plan(self) -> Object | None:
        plans = [
            item
            for item in self.results.list(f"{REPORTS}/")
            if is_plan(item.path) and item.modified >= self.since - _CLOCKS_DIFFER
        ]
        return max(plans, key=lambda item: item.modified, default=None)

    def _committed(self, since: datetime) -> int:
        return sum(
            photographs_in(item.path)
            for folder in (FEATURES, QUARANTINE)
            for item in self.results.list(f"{folder.name}/")
            if item.path.endswith(".parquet") and item.modified >= since
        )


def progress_of(client: Client, output_uri: str, since: datetime) -> RunProgress:
    """Watch the results below an output."""
    return RunProgress(Folder(client, output_uri), since)
