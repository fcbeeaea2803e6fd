"""Bring the store up to date with a listing: each photograph of it has features, once, or is in quarantine."""

import logging
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from job.arguments import Arguments
from job.errors import JobError
from job.features.backbone import Backbone
from job.features.featurize import featurize
from job.report.manifest import Stopwatch
from job.session import every
from job.storage.index import Index, build_index, drop_stale
from job.storage.plan import write_plan
from job.storage.store import ResultStore

log = logging.getLogger("fruits")

PROGRESS_SECONDS: Final = 2.0
"""Between two looks at how far the featurization is; each lists the objects of the features."""

ATTEMPTS: Final = 3
"""At what another run can take away meanwhile: it may drop a batch that this run has just read of."""


@dataclass
class Featurization:
    """The photographs of one listing, and what the store has of them.

    Parameters
    ----------
    arguments
        Of the run.
    spark
        The session.
    photographs
        `job.storage.listing.LISTING_SCHEMA`.
    backbone
        Computes the features.
    clock
        Times the stages.
    plan
        Path of the plan, which shows others how much there is to do.
    store
        The results.
    commits
        Collected `job.features.featurize.COMMITS` so far.
    """

    arguments: Arguments
    spark: SparkSession
    photographs: pa.Table
    backbone: Backbone
    clock: Stopwatch
    plan: str
    store: ResultStore
    commits: list[Any] = field(default_factory=list)

    def index(self) -> Index:
        """Compare the listing with the store."""
        return build_index(self.store, self.backbone.identity, self.arguments.images, self.photographs)

    def complete(self, index: Index) -> Index:
        """Featurize what is pending, drop stale rows, and see that nothing is lost.

        Another run may drop a row as stale for which this one counts on it; such a photograph is featurized again.

        Raises
        ------
        JobError
            If no photograph can be used.
        RuntimeError
            If photographs are lost, which would be a fault of this program.
        """
        missing = index.pending
        for _ in range(ATTEMPTS):
            if missing.any():
                with self.clock.stage("featurize"):
                    self.commits += self._featurize(np.flatnonzero(missing))
                with self.clock.stage("check"):
                    index = self.index()
            if index.stale:
                with self.clock.stage("renew"):
                    drop_stale(self.store, index)
                    index = self.index()
            missing = index.missing
            if not missing.any():
                break
        self._account_for_all(index)
        self._require_features(index)
        return index

    def _featurize(self, pending: NDArray[np.int64]) -> list[Any]:
        plan, tasks = write_plan(self.photographs, pending)
        self.store.put(self.plan, plan)  # for whoever watches the run; its tasks have a copy
        commits = featurize(
            self.spark.range(0, tasks, 1, tasks).withColumnRenamed("id", "task"),
            images=self.arguments.images,
            output=self.store.output,
            plan=self.spark.sparkContext.broadcast(plan),
            backbone=self.spark.sparkContext.broadcast(self.backbone),
            batch_size=self.arguments.batch_size,
        )
        identity = self.backbone.identity
        before = self.store.committed(identity)

        def log_progress() -> None:
            done = self.store.committed(identity) - before
            log.info("featurized %d of %d photographs", done, len(pending))

        try:
            with every(PROGRESS_SECONDS, log_progress):
                return commits.collect()
        finally:
            self.store.delete([self.plan])

    def _account_for_all(self, index: Index) -> None:
        if index.missing.any():
            example = self.arguments.images.child(self.photographs["path"][int(index.missing.argmax())].as_py()).uri
            raise RuntimeError(
                f"{int(index.missing.sum())} of {len(index.missing)} photographs are neither in features nor in"
                f" quarantine, such as {example}; run again, and report this if it happens twice"
            )

    def _require_features(self, index: Index) -> None:
        if not index.selections:
            first = index.quarantine.slice(0, 1).to_pylist()[0]
            raise JobError(
                f"no photograph could be used, all {len(index.featurized)} are in quarantine: {index.reasons},"
                f" such as {first['uri']}: {first['detail']}"
            )
