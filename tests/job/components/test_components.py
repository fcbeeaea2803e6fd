"""Our components beside `pyspark.ml.feature.PCA`, on features of photographs."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.ml.feature import PCA
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession

from job.components.moments import Moments, collect_moments, moments_of
from job.components.pca import fit
from job.components.projections import Projector, collect_probe, project
from job.components.splits import SplitRule
from job.storage.locations import Location
from job.storage.selections import SELECTIONS, Selection, balance
from job.storage.store import ResultStore
from job.storage.tables import QUARANTINE_SCHEMA
from tests.job.conftest import Finished

COMPONENTS = 30
EIGENVALUE_GAP = 1e-3  # components of closer variances are free to turn in their plane


@pytest.fixture(scope="module")
def features(finished: Finished) -> NDArray[np.float32]:
    return np.stack(finished.results.table("features")["feature"].to_numpy())


def test_components_and_variances_are_those_of_sparks_pca(
    features: NDArray[np.float32], finished: Finished, spark: SparkSession
) -> None:
    frame = spark.createDataFrame([(Vectors.dense(row.tolist()),) for row in features], ["feature"])
    theirs = PCA(k=COMPONENTS, inputCol="feature", outputCol="projection").fit(frame)
    ours = fit(Moments.of(features), components=COMPONENTS)
    np.testing.assert_allclose(ours.explained[:COMPONENTS], theirs.explainedVariance.toArray(), atol=1e-9)

    gaps = -np.diff(ours.explained[: COMPONENTS + 1])
    distinct = np.minimum(gaps, np.append(np.inf, gaps[:-1])) > EIGENVALUE_GAP * ours.explained[0]
    assert distinct.sum() > COMPONENTS / 2
    rows = theirs.pc.toArray().T
    rows = rows * np.sign(np.sum(rows * ours.components, axis=1, keepdims=True))
    np.testing.assert_allclose(ours.components[distinct], rows[distinct], atol=1e-6)


@pytest.fixture(scope="module")
def store(features: NDArray[np.float32], finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    """The features in many small objects."""
    store = ResultStore(Location.parse(str(tmp_path_factory.mktemp("small batches"))))
    table = finished.results.table("features")
    for start in range(0, table.num_rows, 3):
        store.commit_batch("model", table.slice(start, 3), QUARANTINE_SCHEMA.empty_table())
    return store


def shared_out(store: ResultStore, tasks: int, spark: SparkSession) -> DataFrame:
    groups = balance([Selection(path, None, 3) for path in store.paths("features")], tasks)
    rows = [([(selection.path, selection.rows, selection.count) for selection in group],) for group in groups]
    return spark.createDataFrame(rows, SELECTIONS)


@pytest.mark.parametrize("tasks", [1, 3, 20])
def test_moments_are_the_same_however_many_tasks_sum_them(
    tasks: int, store: ResultStore, features: NDArray[np.float32], spark: SparkSession
) -> None:
    shared = shared_out(store, tasks, spark)
    summed = collect_moments(moments_of(shared, output=store.output, tasks=shared.count()))
    whole = Moments.of(features)
    assert summed.count == whole.count
    assert (summed.totals == whole.totals).all()
    assert (summed.products == whole.products).all()


def test_moments_are_of_the_selected_rows_alone(store: ResultStore, spark: SparkSession) -> None:
    path = store.paths("features")[0]
    frame = spark.createDataFrame([([(path, [0, 2], 2)],)], SELECTIONS)
    summed = collect_moments(moments_of(frame, output=store.output, tasks=1))
    chosen = np.stack(store.read_table(path)["feature"].to_numpy())[[0, 2]]
    assert (summed.products == Moments.of(chosen).products).all()


def test_a_task_gives_the_driver_one_row_however_many_objects_it_projects(
    store: ResultStore, features: NDArray[np.float32], finished: Finished, spark: SparkSession
) -> None:
    root = Location.parse(str(finished.photographs))
    components = fit(Moments.of(features), components=COMPONENTS)
    projector = Projector(components, "run", root, SplitRule(), frozenset(), points=1.0, csv=False)
    broadcast = spark.sparkContext.broadcast(projector)
    parts = project(shared_out(store, 2, spark), output=store.output, projector=broadcast).collect()
    assert len(parts) == 2
    written = sorted(path for part in parts for path in part.paths)
    assert written == store.paths("projections")
    assert len(written) == len(store.paths("features")) > 2
    assert sum(part.train + part.test for part in parts) == len(features)
    assert collect_probe(parts).count == sum(part.train for part in parts)
