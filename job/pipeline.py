"""One run, from arguments to manifest: list, plan, featurize, fit, project, judge, report."""

import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from job.arguments import Arguments
from job.components.analysis import Analysis
from job.components.pca import PrincipalComponents
from job.components.points import unpacked
from job.components.probe import ProbeScore
from job.components.splits import labels_on_one_side
from job.errors import JobError
from job.features.backbone import Backbone
from job.features.weights import load_backbone
from job.featurization import ATTEMPTS, Featurization
from job.report.manifest import Stopwatch, manifest_of, run_name
from job.report.page import ReportData, render
from job.report.showcase import POINTS, choose, shown, thumbnails
from job.storage.contents import is_whole, write_contents
from job.storage.format import require_layout
from job.storage.index import Index
from job.storage.layout import EXPORTS, PROJECTIONS, RunFolder
from job.storage.listing import Listing, list_photographs
from job.storage.names import is_result, stem
from job.storage.selections import DamagedObjects
from job.storage.store import ResultStore
from job.storage.superseded import Superseded
from job.storage.tables import with_uris
from job.storage.trial import Trial

log = logging.getLogger("fruits")

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
    return Run(arguments, spark, _tried(arguments.trial, listing), backbone, clock).complete()


def _tried(trial: Trial | None, listing: Listing) -> Listing:
    """Return the listing that a run works on: of a trial only some of it."""
    if trial is None:
        return listing
    chosen = trial.choose(listing.photographs)
    note = trial.describe(chosen.num_rows, listing.photographs.num_rows)
    return replace(listing, photographs=chosen, notes=(note, *listing.notes))


@dataclass(frozen=True)
class Results:
    """What a run has computed, before it is reported; the model may still be on its way into the store."""

    index: Index
    analysis: Analysis
    model: PrincipalComponents
    saved: Future[None]
    parts: list[Any]
    probe: ProbeScore | None
    probe_absent: str


@dataclass
class Run:
    """One run over one listing with one backbone."""

    arguments: Arguments
    spark: SparkSession
    listing: Listing
    backbone: Backbone
    clock: Stopwatch

    def __post_init__(self) -> None:
        self.store = ResultStore(self.arguments.results)
        self.photographs = self.listing.photographs
        folders = pc.unique(pc.replace_substring_regex(self.photographs["path"], "/?[^/]*$", "")).to_pylist()
        self.notes = [*self.listing.notes, *labels_on_one_side(self.arguments.splits, folders)]
        self.name = run_name(self.arguments, self.backbone.identity, self.photographs)
        self.folder = RunFolder(self.name)
        self.featurization = Featurization(
            self.arguments, self.spark, self.photographs, self.backbone, self.clock, self.folder.plan, self.store
        )

    def complete(self) -> dict[str, Any]:
        """Compute what is missing, write results and report, and the list of contents last."""
        with self.clock.stage("plan"):
            require_layout(self.store)
            index = self.featurization.index()
        self._log_listing()
        pending = int(index.pending.sum())
        log.info("%d photographs, %d to featurize, run %s", self.photographs.num_rows, pending, self.name)
        if not pending and (kept := self._kept(index)):
            log.info("nothing new: %s/%s is complete", self.store.output.uri, self.folder.path)
            counts = {**kept["counts"], "computed": 0, "reused": self.photographs.num_rows}
            return {**kept, "counts": counts, "store": self.store.upkeep.facts(), "seconds": self.clock.total()}
        superseded = Superseded.of(self.store, self.name)
        index = self.featurization.complete(index)
        gallery = with_uris(self.arguments.images, choose(self.photographs, index.featurized))
        with ThreadPoolExecutor(2) as pool:  # what needs no result of Spark's is done while Spark works
            pictures = pool.submit(thumbnails, self.arguments.images, gallery)
            results = self._analyse(index, gallery["uri"].to_pylist(), pool)
            manifest = self._manifest(results)
            with self.clock.stage("report"):
                self._put_report(manifest, results, shown(gallery, pictures.result(), results.parts))
                self._put_listing()
            with self.clock.stage("save"):
                results.saved.result()
        manifest["seconds"] = self.clock.total()
        self.store.put(self.folder.manifest, json.dumps(manifest, indent=2).encode())
        self._close(results, superseded)
        return manifest

    def _analyse(self, index: Index, gallery: list[str], pool: ThreadPoolExecutor) -> "Results":
        """Fit, project and judge features that are whole; what is damaged or gone is computed again before."""
        for _ in range(ATTEMPTS):
            analysis = Analysis(self.spark, self.store, self.arguments, self.name, index.selections)
            try:
                with self.clock.stage("pca"):
                    model = analysis.fit()
                saved = pool.submit(analysis.save, model)
                with self.clock.stage("project"):
                    parts = analysis.project(model, gallery, POINTS)
                    return Results(index, analysis, model, saved, parts, *analysis.judge(parts))
            except DamagedObjects as error:
                for damage in error.damages:
                    self.store.set_aside(damage)
                index = self.featurization.complete(self.featurization.index())
        raise self._changed_too_often()

    def _manifest(self, results: "Results") -> dict[str, Any]:
        manifest = manifest_of(
            run=self.name,
            label=self.arguments.run_label,
            request=self.arguments,
            backbone=self.backbone,
            listing=self.listing,
            notes=[*self.notes, *self.store.upkeep.notes()],
            index=results.index,
            commits=self.featurization.commits,
            parts=results.parts,
            model=results.model,
        )
        probe = results.probe
        judged = {"accuracy": probe.accuracy, "photographs": probe.total} if probe else None
        return {**manifest, "probe": judged, "store": self.store.upkeep.facts(), "seconds": self.clock.total()}

    def _put_report(self, manifest: dict[str, Any], results: "Results", gallery: pa.Table) -> None:
        data = ReportData(
            manifest,
            results.model.explained,
            gallery,
            unpacked(part.points for part in results.parts),
            results.probe,
            results.index.quarantine.slice(0, QUARANTINE_ROWS),
            self.clock.batches(self.featurization.commits),
            results.probe_absent,
        )
        self.store.put(self.folder.page, render(data).encode())

    def _close(self, results: "Results", superseded: Superseded) -> None:
        """Delete what this run takes the place of, and write down what the results are.

        Another run of the same name may divide its photographs into other batches, and so write projections of other
        names for the same photographs. The last to end keeps its own.
        """
        superseded.delete(self.store)
        features = [selection.path for selection in results.index.selections]
        ours = {path for part in results.parts for path in part.paths}
        names = {stem(path) for path in ours}
        for _ in range(ATTEMPTS):
            for folder in (PROJECTIONS, EXPORTS):
                written = filter(is_result, self.store.paths(folder.partition(self.name)))
                self.store.delete(path for path in written if stem(path) not in names)
            if ours <= write_contents(self.store, self.name, features).keys():
                return
            log.warning("another run has deleted projections of this one: they are written again")
            try:
                results.analysis.project(results.model, (), 0)
            except DamagedObjects as error:
                raise self._changed_too_often() from error
        raise self._changed_too_often()

    def _changed_too_often(self) -> JobError:
        return JobError(
            f"objects below {self.store.output.uri} were damaged or deleted {ATTEMPTS} times while this run worked on"
            " them; find out what else writes there, and run again"
        )

    def _log_listing(self) -> None:
        if self.listing.left_out.total:
            log.info("left out: %s", self.listing.left_out)
        for note in self.notes:
            log.info("%s", note)

    def _kept(self, index: Index) -> dict[str, Any] | None:
        """Return the manifest of these results if they are all there, and those of these photographs."""
        whole = not index.stale
        if not (whole and is_whole(self.store, self.name, [selection.path for selection in index.selections])):
            return None
        try:
            manifest: dict[str, Any] = json.loads(self.store.get(self.folder.manifest))
        except FileNotFoundError:  # another run has just deleted it
            return None
        return manifest

    def _put_listing(self) -> None:
        """Write what was listed, addresses and all, a part at a time."""
        parts = self.photographs.to_batches(max_chunksize=LISTING_ROWS)
        listed = (pa.Table.from_batches([with_uris(self.arguments.images, part)]) for part in parts)
        schema = with_uris(self.arguments.images, self.photographs.slice(0, 0)).schema
        self.store.put_tables(self.folder.listing, schema, listed)
