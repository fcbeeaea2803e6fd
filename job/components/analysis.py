"""What a run computes from features: components, projections, and a linear probe's judgement of them."""

import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from job.components.moments import collect_moments, moments_of
from job.components.pca import PrincipalComponents, fit
from job.components.probe import ProbeScore
from job.components.projections import Projector, collect_probe, project
from job.components.request import Request
from job.components.scoring import collect_scores, score
from job.frames import local_frame
from job.storage.folders import move_folder, put_folder
from job.storage.layout import SCRATCH, ComponentsFolder
from job.storage.plan import group_count
from job.storage.selections import SELECTIONS, Selection, balance, collected
from job.storage.store import ResultStore


@dataclass(frozen=True)
class Analysis:
    """The Spark stages behind the featurization.

    Parameters
    ----------
    spark
        The session.
    store
        Holds the features, and takes the results.
    request
        What the run is asked for.
    name
        Name of the run, and of the folders of its results.
    selections
        Where the features of its photographs are.
    """

    spark: SparkSession
    store: ResultStore
    request: Request
    name: str
    selections: list[Selection]

    def fit(self) -> PrincipalComponents:
        """Fit the principal components of all selected features.

        Raises
        ------
        DamagedObjects
            If batches of them are not what was written, or are gone.
        """
        shared, tasks = self._balanced()
        moments = collect_moments(moments_of(shared, output=self.store.output, tasks=tasks))
        return fit(moments, variance=self.request.variance, components=self.request.components)

    def save(self, model: PrincipalComponents) -> None:
        """Save the components as plain arrays and as a `pyspark.ml` PipelineModel.

        A cluster's Spark writes the model where its executors reach the output, too. A Spark of this machine alone has
        no S3, and a locale that may know no accents: it writes to a folder of the machine, and the job puts its files.
        """
        folder = ComponentsFolder(self.name)
        self.store.put(folder.arrays, model.to_npz())
        writer = model.to_pipeline_model(self.spark).write().overwrite()
        if not str(self.spark.sparkContext.master).startswith("local"):
            # Two runs at once of one name would delete each other's files before Spark has given them their names.
            scratch = f"{SCRATCH}/{secrets.token_hex(8)}"
            writer.save(f"{self.store.output.uri}/{scratch}")
            move_folder(self.store, scratch, folder.model)
            return
        with tempfile.TemporaryDirectory() as scratch:
            writer.save(f"file://{scratch}/model")
            put_folder(self.store, folder.model, Path(scratch) / "model")

    def project(self, model: PrincipalComponents, gallery: Iterable[str], points: int) -> list[Any]:
        """Write the projections, and collect `job.components.projections.PARTS`.

        Parameters
        ----------
        model
            The fitted components.
        gallery
            URIs whose projections the report shows.
        points
            About as many photographs, or all if there are fewer, are points of the report's map.

        Raises
        ------
        DamagedObjects
            If batches of features are not what was written, or are gone.
        """
        request = self.request
        projector = Projector(
            components=model,
            run=self.name,
            root=request.images,
            splits=request.splits,
            gallery=frozenset(gallery),
            points=min(1.0, points / model.count),
            csv=request.csv,
        )
        broadcast = self.spark.sparkContext.broadcast(projector)
        shared, _ = self._balanced()
        return list(collected(project(shared, output=self.store.output, projector=broadcast).collect()))

    def judge(self, parts: list[Any]) -> tuple[ProbeScore | None, str]:
        """Fit the linear probe on the train split and score it on the test split; or say why that cannot be done."""
        statistics = collect_probe(parts)
        if len(statistics.counts) < 2:
            return None, f"The train split has {len(statistics.counts)} labels; a probe needs two."
        if not sum(part.test for part in parts):
            return None, "The test split is empty."
        probe = self.spark.sparkContext.broadcast(statistics.solve())
        frame = local_frame(self.spark, [part.paths for part in parts], "paths array<string>")
        return collect_scores(score(frame, output=self.store.output, probe=probe)), ""

    def _balanced(self) -> tuple[DataFrame, int]:
        """Return the selections in groups: one row, and so one partition, each."""
        groups = balance(self.selections, group_count(sum(selection.count for selection in self.selections)))
        rows = [[vars(selection) for selection in group] for group in groups]
        return local_frame(self.spark, rows, SELECTIONS), len(rows)
