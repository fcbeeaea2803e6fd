"""Runs that are killed for real, and what the next run makes of what they left."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.job.conftest import Finished
from tests.job.kills import killed_once
from tests.job.runs import Outcome, Results, Run, submission, submit
from tests.pictures import plant

pytestmark = [pytest.mark.spark, pytest.mark.long]

PER_LABEL = 60
PHOTOGRAPHS = 3 * PER_LABEL
BATCH = 4


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """What a run gives that nobody kills."""
    folder = tmp_path_factory.mktemp("undisturbed")
    plant(folder / "photos", PER_LABEL)
    outcome = submit(folder / "photos", folder / "results", "--batch-size", str(BATCH))
    assert outcome.counts["computed"] == PHOTOGRAPHS
    return Finished(folder / "photos", Results(folder / "results"), outcome)


def committed(results: Results) -> int:
    return len(list((results.folder / "features").rglob("*.parquet")))


REACHED: dict[str, Callable[[Results], bool]] = {
    "the first batch": lambda results: committed(results) >= 1,
    "half of the batches": lambda results: committed(results) >= PHOTOGRAPHS // BATCH // 2,
    "the components": lambda results: (results.folder / "pca").exists(),
}


def kill_at(point: str, images: Path, results: Results) -> None:
    """Run the job, and kill it as soon as its output shows that a point is reached."""
    command = submission(images, results.folder, "--batch-size", str(BATCH))
    assert killed_once(command, lambda: REACHED[point](results)), f"the run ended before {point}"


def assert_as_undisturbed(results: Results, outcome: Outcome, undisturbed: Finished) -> None:
    assert outcome.manifest["run"] == undisturbed.outcome.manifest["run"]
    assert outcome.counts["images"] == outcome.counts["features"] == PHOTOGRAPHS
    for kind in ("features", "projections"):
        assert results.table(kind).equals(undisturbed.results.table(kind))
    arrays = f"pca/{outcome.manifest['run']}/arrays.npz"
    assert results.files()[arrays] == undisturbed.results.files()[arrays]


@pytest.mark.parametrize("point", REACHED)
def test_a_run_killed_at_any_point_is_completed_by_the_next(
    point: str, undisturbed: Finished, tmp_path: Path, run: Run
) -> None:
    results = Results(tmp_path / "results")
    kill_at(point, undisturbed.photographs, results)
    kept = results.rows("features")
    assert kept > 0
    assert not list((results.folder / "reports").rglob("manifest.json"))

    outcome = run(undisturbed.photographs, results.folder, "--batch-size", str(BATCH))
    assert outcome.counts["computed"] == PHOTOGRAPHS - kept
    assert_as_undisturbed(results, outcome, undisturbed)
