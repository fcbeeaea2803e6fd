"""One run, from arguments to manifest: list, plan, featurize, fit, project, judge, report."""

import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from job.accounting import account_for_all, require_features
from job.arguments import Arguments
from job.components.analysis import Analysis, DamagedFeatures
from job.components.pca import PrincipalComponents
from job.components.splits import labels_on_one_side
from job.errors import JobError
from job.features.backbone import Backbone
from job.features.featurize import featurize
from job.features.weights import load_backbone
from job.report.manifest import Stopwatch, manifest_of, run_name
from job.report.page import ReportData, render
from job.report.showcase import choose, shown, thumbnails
from job.session import every
from job.storage.contents import is_whole, write_contents
from job.storage.index import Index, build_index, drop_stale, set_aside
from job.storage.layout import PROJECTIONS, RunFolder
from job.storage.listing import Listing, list_photographs
from job.storage.plan import write_plan
from job.storage.store import ResultStore
from job.storage.superseded import Superseded
from job.storage.tables import with_uris

log = logging.getLogger("fruits")

PROGRESS_SECONDS = 2.0
"""Between two looks at how far the featurization is; each lists the objects of the features."""

ATTEMPTS = 3
"""At sums over features of which none is damaged."""

LISTING_ROWS = 10_000
"""Of the listing, in a row group of ``images.parquet``."""

QUARANTINE_ROWS = 200
"""Quarantined photographs the report lists one by one."""


def run(arguments: Arguments, session: Future[SparkSession]) -> dict[str, Any]:
    """Run the job.

    Parameters
    ----------
    arguments
        What to do.
    session
        Opens while the driver lists and loads.

    Returns
    -------
    dict
        The manifest, as it stands in ``reports/<run>/manifest.json``.

    Raises
    ------
    JobError
        For what the user can mend.
    """
    clock = Stopwatch()
    with clock.stage("start"), ThreadPoolExecutor(2) as pool:
        arguments = replace(arguments, images=arguments.images.reached(), output=arguments.output.reached())
        listed = pool.submit(list_photographs, arguments.images)
        loaded = pool.submit(load_backbone, arguments.engine, arguments.weights, arguments.weights_sha256)
        listing, backbone, spark = listed.result(), loaded.result(), session.result()
    return Run(arguments, spark, listing, backbone, clock).complete()


@dataclass
class Run:
    """One run over one listing with one backbone."""

    arguments: Arguments
    spark: SparkSession
    listing: Listing
    backbone: Backbone
    clock: Stopwatch

    def __post_init__(self) -> None:
        self.store = ResultStore(self.arguments.output)
        self.photographs = self.listing.photographs
        folders = pc.unique(pc.replace_substring_regex(self.photographs["path"], "/?[^/]*$", "")).to_pylist()
        self.notes = [*self.listing.notes, *labels_on_one_side(self.arguments.splits, folders)]
        self.name = run_name(self.arguments, self.backbone.identity, self.photographs)
        self.folder = RunFolder(self.name)

    def complete(self) -> dict[str, Any]:
        """Compute what is missing, write results and report, and the manifest last."""
        with self.clock.stage("plan"):
            index = self._index()
        self._tell_of_the_listing()
        pending = int(index.pending.sum())
        log.info("%d photographs, %d to featurize, run %s", self.photographs.num_rows, pending, self.name)
        if not pending and self._is_complete(index):
            log.info("nothing new: %s/%s is complete", self.store.output.uri, self.folder.path)
            manifest: dict[str, Any] = json.loads(self.store.get(self.folder.manifest))
            counts = {**manifest["counts"], "computed": 0, "reused": self.photographs.num_rows}
            return {**manifest, "counts": counts, "seconds": self.clock.total()}
        superseded = Superseded.of(self.store, self.name)
        commits: list[Any] = []
        index, analysis, model = self._fitted(index, commits)
        gallery = with_uris(self.arguments.images, choose(self.photographs, index.featurized))
        with ThreadPoolExecutor(2) as pool:  # what needs no result of Spark's is done while Spark works
            pictures = pool.submit(thumbnails, self.arguments.images, gallery)
            saved = pool.submit(analysis.save, model)
            with self.clock.stage("project"):
                parts = analysis.project(model, gallery["uri"].to_pylist())
                probe, probe_absent = analysis.judge(parts)
            manifest = manifest_of(
                run=self.name,
                label=self.arguments.run_label,
                request=self.arguments,
                backbone=self.backbone,
                listing=self.listing,
                notes=self.notes,
                index=index,
                commits=commits,
                parts=parts,
                model=model,
            )
            manifest["seconds"] = self.clock.total()
            with self.clock.stage("report"):
                data = ReportData(
                    manifest,
                    model.explained,
                    shown(gallery, pictures.result(), parts),
                    probe,
                    index.quarantine.slice(0, QUARANTINE_ROWS),
                    self.clock.batches(commits),
                    probe_absent,
                )
                self.store.put(self.folder.page, render(data).encode())
                self._put_listing()
            with self.clock.stage("save"):
                saved.result()
        manifest["seconds"] = self.clock.total()
        self.store.put(self.folder.manifest, json.dumps(manifest, indent=2).encode())
        superseded.delete(self.store)
        self._close(parts)
        return manifest

    def _close(self, parts: list[Any]) -> None:
        """Write down what the results are; fail if another run has taken some of them away."""
        contents = write_contents(self.store, self.name)
        gone = {path for part in parts for path in part.paths} - contents.keys()
        if gone:
            raise JobError(
                f"{len(gone)} projections below {self.store.output.uri} were deleted while this run went on, such as"
                f" {min(gone)}; run again, with nothing else that deletes there"
            )

    def _fitted(self, index: Index, commits: list[Any]) -> tuple[Index, Analysis, PrincipalComponents]:
        """Fit the components of features that are whole; damaged ones are computed again before."""
        for _ in range(ATTEMPTS):
            index = self._bring_up_to_date(index, commits)
            analysis = Analysis(self.spark, self.store, self.arguments, self.name, index.selections)
            try:
                with self.clock.stage("pca"):
                    return index, analysis, analysis.fit()
            except DamagedFeatures as error:
                set_aside(self.store, error.damages)
                index = self._index()
        raise JobError(
            f"features below {self.store.output.uri} were damaged {ATTEMPTS} times while this run worked on them;"
            " find out what else writes there, and run again"
        )

    def _bring_up_to_date(self, index: Index, commits: list[Any]) -> Index:
        """Featurize what is pending, add to the commits, and leave no stale rows."""
        if index.pending.any():
            with self.clock.stage("featurize"):
                commits += self._featurize(index)
            with self.clock.stage("check"):
                index = self._index()
                account_for_all(index, self.arguments.images, self.photographs)
        if index.stale:
            with self.clock.stage("renew"):
                drop_stale(self.store, index)
                index = self._index()
        require_features(index)
        return index

    def _tell_of_the_listing(self) -> None:
        if self.listing.left_out.total:
            log.info("left out: %s", self.listing.left_out)
        for note in self.notes:
            log.info("%s", note)

    def _is_complete(self, index: Index) -> bool:
        """Say whether the results are those of these photographs; a run over others has forgotten the projections."""
        projected = self.store.paths(PROJECTIONS.partition(self.name))
        whole = not index.stale and len(projected) == len(index.selections)
        return whole and is_whole(self.store, self.name)

    def _index(self) -> Index:
        return build_index(self.store, self.backbone.identity, self.arguments.images, self.photographs)

    def _featurize(self, index: Index) -> list[Any]:
        pending = np.flatnonzero(index.pending)
        plan, tasks = write_plan(self.photographs, pending)
        self.store.put(self.folder.plan, plan)  # for whoever watches the run; its tasks have a copy
        commits = featurize(
            self.spark.range(0, tasks, 1, tasks).withColumnRenamed("id", "task"),
            images=self.arguments.images,
            output=self.arguments.output,
            plan=self.spark.sparkContext.broadcast(plan),
            backbone=self.spark.sparkContext.broadcast(self.backbone),
            batch_size=self.arguments.batch_size,
        )
        identity = self.backbone.identity
        before = self.store.committed(identity)

        def tell() -> None:
            done = self.store.committed(identity) - before
            log.info("featurized %d of %d photographs", done, len(pending))

        try:
            with every(PROGRESS_SECONDS, tell):
                return commits.collect()
        finally:
            self.store.delete([self.folder.plan])

    def _put_listing(self) -> None:
        """Write what was listed, addresses and all, a part at a time."""
        parts = self.photographs.to_batches(max_chunksize=LISTING_ROWS)
        listed = (pa.Table.from_batches([with_uris(self.arguments.images, part)]) for part in parts)
        schema = with_uris(self.arguments.images, self.photographs.slice(0, 0)).schema
        self.store.put_tables(self.folder.listing, schema, listed)
