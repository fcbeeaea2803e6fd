"""Two runs at once on one output: each point at which they can meet is arranged, and neither loses by the other."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from job import pipeline
from job.arguments import parse_arguments
from job.components.analysis import Analysis
from job.featurization import Featurization
from tests.job.runs import Outcome, Results, Run
from tests.pictures import plant

pytestmark = [pytest.mark.spark, pytest.mark.long]

SECONDS = 300
"""After so long a meeting has failed."""

SAME: tuple[str, ...] = ()
OTHER_BATCHES = ("--batch-size", "7")
OTHER_COMPONENTS = ("--components", "3")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "photos"
    plant(folder, 6)
    return folder


def start(pool: ThreadPoolExecutor, spark: SparkSession, images: Path, output: Path, *more: str) -> Future[Any]:
    """Start a run in a thread of its own."""
    session: Future[SparkSession] = Future()
    session.set_result(spark)
    arguments = ["--images", str(images), "--output", str(output), "--batch-size", "5", *more]
    return pool.submit(pipeline.run, parse_arguments(arguments), session)


Meet = Callable[[type, str], None]


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Meet:
    """Have both runs come to a method before either begins it, once."""

    def at(where: type, method: str) -> None:
        begin = getattr(where, method)
        barrier, met = threading.Barrier(2, timeout=SECONDS), threading.local()

        def waiting(*arguments: Any, **more: Any) -> Any:
            if not getattr(met, "yes", False):
                met.yes = True
                barrier.wait()
            return begin(*arguments, **more)

        monkeypatch.setattr(where, method, waiting)

    return at


def assert_whole(results: Results, photographs: Path, *manifests: dict[str, Any]) -> None:
    """Nothing is lost, nothing is there twice, and each run has its results."""
    uris = sorted(f"file://{path}" for path in photographs.rglob("*.jpg"))
    assert results.uris("features") == uris
    for manifest in manifests:
        assert manifest["counts"]["features"] == len(uris)
        assert results.uris(f"projections/pca={manifest['run']}") == uris
        for name in ("manifest.json", "report.html", "images.parquet", "contents.json"):
            assert (results.folder / "reports" / manifest["run"] / name).stat().st_size
        assert (results.folder / "pca" / manifest["run"] / "arrays.npz").stat().st_size
        assert (results.folder / "pca" / manifest["run"] / "model" / "metadata").is_dir()
    assert not list(results.folder.glob("reports/*/pending.parquet"))


@pytest.mark.parametrize("second", [SAME, OTHER_BATCHES, OTHER_COMPONENTS])
@pytest.mark.parametrize(
    "point",
    [(Featurization, "_featurize"), (Analysis, "fit"), (Analysis, "project"), (pipeline.Run, "_close")],
    ids=["featurize", "fit", "project", "close"],
)
def test_two_runs_that_meet_anywhere_leave_the_results_of_both(
    *,
    photographs: Path,
    results: Results,
    spark: SparkSession,
    meet: Meet,
    point: tuple[type, str],
    second: tuple[str, ...],
) -> None:
    meet(Featurization, "_featurize")
    if point != (Featurization, "_featurize"):
        meet(*point)
    with ThreadPoolExecutor(2) as pool:
        one = start(pool, spark, photographs, results.folder)
        other = start(pool, spark, photographs, results.folder, *second)
        assert_whole(results, photographs, one.result(), other.result())


@pytest.mark.parametrize("second", [SAME, OTHER_BATCHES, OTHER_COMPONENTS])
@pytest.mark.parametrize(
    "point",
    [
        (Featurization, "_featurize"),
        (Featurization, "_require_features"),
        (Analysis, "fit"),
        (Analysis, "project"),
        (Analysis, "judge"),
        (pipeline.Run, "_close"),
    ],
    ids=["featurize", "select", "fit", "project", "judge", "close"],
)
def test_a_whole_run_within_another_leaves_the_results_of_both(
    *,
    photographs: Path,
    results: Results,
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    point: tuple[type, str],
    second: tuple[str, ...],
) -> None:
    begin = getattr(*point)
    inner: list[dict[str, Any]] = []

    def interrupted(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(*point, begin)
        with ThreadPoolExecutor(1) as pool:
            inner.append(start(pool, spark, photographs, results.folder, *second).result())
        return begin(*arguments, **more)

    monkeypatch.setattr(*point, interrupted)
    with ThreadPoolExecutor(1) as pool:
        outer = start(pool, spark, photographs, results.folder).result()
    assert_whole(results, photographs, outer, *inner)


def test_a_run_that_comes_after_both_finds_everything(
    photographs: Path, results: Results, spark: SparkSession, meet: Meet, run: Run
) -> None:
    meet(Featurization, "_featurize")
    with ThreadPoolExecutor(2) as pool:
        for ended in [start(pool, spark, photographs, results.folder, *more) for more in (SAME, OTHER_COMPONENTS)]:
            ended.result()
    after: Outcome = run(photographs, results.folder, "--batch-size", "5")
    assert after.counts["computed"] == 0
