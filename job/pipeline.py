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

from job.arguments import Arguments
from job.components.analysis import Analysis
from job.components.points import unpacked
from job.components.splits import labels_on_one_side
from job.errors import JobError
from job.features.backbone import Backbone
from job.features.featurize import featurize
from job.features.weights import load_backbone
from job.report.manifest import Stopwatch, manifest_of, run_name
from job.report.page import ReportData, render
from job.report.showcase import POINTS, choose, shown, thumbnails
from job.session import every
from job.storage.index import Index, build_index, drop_stale
from job.storage.layout import EXPORTS, PROJECTIONS, RunFolder
from job.storage.listing import Listing, list_photographs
from job.storage.plan import write_plan
from job.storage.store import ResultStore, with_uris

log = logging.getLogger("fruits")

PROGRESS_SECONDS = 2.0
"""Between two looks at how far the featurization is; each lists the objects of the features."""

LISTING_ROWS = 10_000
"""Of the listing, in a row group of ``images.parquet``."""

QUARANTINE_ROWS = 5_000
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
        commits: list[Any] = []
        if pending:
            with self.clock.stage("featurize"):
                commits = self._featurize(index)
            with self.clock.stage("check"):
                index = self._index()
                self._account_for_all(index)
        if index.stale:
            with self.clock.stage("renew"):
                drop_stale(self.store, index)
                index = self._index()
        self._require_features(index)
        analysis = Analysis(self.spark, self.store, self.arguments, self.name, index.selections)
        gallery = with_uris(self.arguments.images, choose(self.photographs, index.featurized))
        with ThreadPoolExecutor(2) as pool:  # what needs no result of Spark's is done while Spark works
            pictures = pool.submit(thumbnails, self.arguments.images, gallery)
            with self.clock.stage("pca"):
                model = analysis.fit()
            saved = pool.submit(analysis.save, model)
            with self.clock.stage("project"):
                parts = analysis.project(model, gallery["uri"].to_pylist(), POINTS)
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
                    unpacked(part.points for part in parts),
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
        self._forget_other_projections(parts)
        return manifest

    def _tell_of_the_listing(self) -> None:
        if self.listing.left_out.total:
            log.info("left out: %s", self.listing.left_out)
        for note in self.notes:
            log.info("%s", note)

    def _is_complete(self, index: Index) -> bool:
        """Say whether the results are those of these photographs; a run over others has forgotten the projections."""
        projected = self.store.paths(PROJECTIONS.partition(self.name))
        manifest = self.store.exists(self.folder.manifest)
        return manifest and not index.stale and len(projected) == len(index.selections)

    def _index(self) -> Index:
        return build_index(self.store, self.backbone.identity, self.arguments.images, self.photographs)

    def _featurize(self, index: Index) -> list[Any]:
        pending = np.flatnonzero(index.pending)
        plan, tasks = write_plan(self.photographs, pending)
        self.store.put(self.folder.plan, plan)
        commits = featurize(
            self.spark.range(0, tasks, 1, tasks).withColumnRenamed("id", "task"),
            images=self.arguments.images,
            output=self.arguments.output,
            plan=self.folder.plan,
            backbone=self.spark.sparkContext.broadcast(self.backbone),
            batch_size=self.arguments.batch_size,
        )
        identity = self.backbone.identity
        before = self.store.committed(identity)

        def tell() -> None:
            done = self.store.committed(identity) - before
            log.info("featurized %d of %d photographs", done, len(pending))

        with every(PROGRESS_SECONDS, tell):
            rows = commits.collect()
        self.store.delete([self.folder.plan])
        return rows

    def _account_for_all(self, index: Index) -> None:
        lost = ~(index.featurized | index.quarantined)
        if lost.any():
            example = self.arguments.images.child(self.photographs["path"][int(lost.argmax())].as_py()).uri
            raise RuntimeError(
                f"{int(lost.sum())} of {len(lost)} photographs are neither in features nor in quarantine, such as"
                f" {example}; run again, and report this if it happens twice"
            )

    def _require_features(self, index: Index) -> None:
        if not index.selections:
            first = index.quarantine.slice(0, 1).to_pylist()[0]
            raise JobError(
                f"no photograph could be used, all {len(index.featurized)} are in quarantine: {index.reasons},"
                f" such as {first['uri']}: {first['detail']}"
            )

    def _put_listing(self) -> None:
        """Write what was listed, addresses and all, a part at a time."""
        parts = self.photographs.to_batches(max_chunksize=LISTING_ROWS)
        listed = (pa.Table.from_batches([with_uris(self.arguments.images, part)]) for part in parts)
        schema = with_uris(self.arguments.images, self.photographs.slice(0, 0)).schema
        self.store.put_tables(self.folder.listing, schema, listed)

    def _forget_other_projections(self, parts: list[Any]) -> None:
        """Leave the current projections alone in their folders, which Athena reads as tables."""
        current = {path.partition("/")[2].removesuffix(".parquet") for part in parts for path in part.paths}
        for folder in (PROJECTIONS, EXPORTS):
            paths = self.store.paths(folder.name)
            self.store.delete(path for path in paths if path.partition("/")[2].rpartition(".")[0] not in current)
