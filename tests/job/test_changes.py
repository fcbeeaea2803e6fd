"""Runs one after the other: photographs come, change and go, arguments change, workers come back from the dead."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from job.storage.locations import Location
from job.storage.store import ResultStore
from tests.job.runs import Outcome, Results, Run
from tests.pictures import LABELS, jpeg, plant


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    plant(tmp_path / "photos", 8)
    return tmp_path / "photos"


def uris_of(photographs: Path) -> list[str]:
    return sorted(f"file://{path}" for path in photographs.rglob("*.jpg"))


def assert_current(results: Results, photographs: Path, outcome: Outcome) -> None:
    """The results are of the photographs that are there now: all of them, each once."""
    current = uris_of(photographs)
    assert results.uris("features") == current
    assert results.uris("projections") == current
    assert outcome.counts["images"] == outcome.counts["features"] == len(current)
    assert {path.name for path in (results.folder / "projections").iterdir()} == {f"pca={outcome.manifest['run']}"}
    assert outcome.manifest["pca"]["images"] == len(current)


def test_after_additions_changes_and_deletions_the_results_are_those_of_a_first_run(
    photographs: Path, results: Results, run: Run, tmp_path: Path
) -> None:
    first = run(photographs, results.folder, "--batch-size", "5")
    assert first.counts["computed"] == 24
    for number in range(10):
        (photographs / "Training" / LABELS[0] / f"new {number}.jpg").write_bytes(jpeg(7000 + number))
    changed = sorted(photographs.glob(f"Training/{LABELS[1]}/*.jpg"))[:5]
    for number, path in enumerate(changed):
        path.write_bytes(jpeg(8000 + number, side=90))
    for path in sorted(photographs.glob(f"Training/{LABELS[2]}/*.jpg"))[:3]:
        path.unlink()

    second = run(photographs, results.folder, "--batch-size", "5")
    assert second.manifest["run"] != first.manifest["run"]
    assert (second.counts["computed"], second.counts["reused"]) == (15, 31 - 15)
    assert_current(results, photographs, second)
    widths = dict(zip(results.uris("features"), results.table("features")["width"].to_pylist(), strict=True))
    assert {uri for uri, width in widths.items() if width == 90} == {f"file://{path}" for path in changed}

    fresh = Results(tmp_path / "fresh")
    outcome = run(photographs, fresh.folder)
    assert outcome.manifest["run"] == second.manifest["run"]
    for kind in ("features", "projections"):
        assert results.table(kind).equals(fresh.table(kind))
    arrays = f"pca/{outcome.manifest['run']}/arrays.npz"
    assert results.files()[arrays] == fresh.files()[arrays]


def test_a_deletion_alone_computes_nothing_and_leaves_the_projections(
    photographs: Path, results: Results, run: Run
) -> None:
    run(photographs, results.folder)
    next(photographs.glob("Training/*/*.jpg")).unlink()
    outcome = run(photographs, results.folder)
    assert outcome.counts["computed"] == 0
    assert_current(results, photographs, outcome)


def test_projections_come_back_when_an_added_photograph_goes_again(
    photographs: Path, results: Results, run: Run
) -> None:
    first = run(photographs, results.folder)
    before = results.table("projections")
    added = photographs / "Training" / LABELS[0] / "added.jpg"
    added.write_bytes(jpeg(7000))
    run(photographs, results.folder)
    added.unlink()
    third = run(photographs, results.folder)
    assert third.manifest["run"] == first.manifest["run"]
    assert_current(results, photographs, third)
    assert results.table("projections").equals(before)


def test_other_arguments_compute_no_features_and_replace_the_projections(
    photographs: Path, results: Results, run: Run
) -> None:
    first = run(photographs, results.folder)
    second = run(photographs, results.folder, "--components", "3")
    assert (second.counts["computed"], second.manifest["pca"]["components"]) == (0, 3)
    assert_current(results, photographs, second)
    assert {len(row) for row in results.table("projections")["projection"].to_pylist()} == {3}
    assert (results.folder / "pca" / first.manifest["run"] / "arrays.npz").exists()

    third = run(photographs, results.folder, "--run-label", "has no effect on the results")
    assert (third.counts["computed"], third.manifest["run"]) == (0, first.manifest["run"])
    assert_current(results, photographs, third)


def test_the_export_has_a_row_for_each_photograph_and_a_column_for_each_component(
    photographs: Path, results: Results, run: Run
) -> None:
    formula = photographs / "Training" / "=SUM(1)"
    formula.mkdir()
    (formula / "1.jpg").write_bytes(jpeg(1))
    outcome = run(photographs, results.folder, "--components", "4", "--csv", "--batch-size", "5")
    rows = []
    for file in sorted((results.folder / "exports" / f"pca={outcome.manifest['run']}").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            rows += list(csv.DictReader(lines))
    rows.sort(key=lambda row: row["uri"])
    projections = results.table("projections")
    assert list(rows[0]) == ["uri", "label", "split", "pc1", "pc2", "pc3", "pc4"]
    for name in ("uri", "split"):
        assert [row[name] for row in rows] == projections[name].to_pylist()
    labels = projections["label"].to_pylist()
    assert [row["label"] for row in rows] == ["'=SUM(1)" if label == "=SUM(1)" else label for label in labels]
    assert "=SUM(1)" in labels
    scores = [[float(row[f"pc{number}"]) for number in range(1, 5)] for row in rows]
    np.testing.assert_allclose(scores, np.stack(projections["projection"].to_numpy()), rtol=1e-5)

    run(photographs, results.folder, "--components", "4")
    assert not results.files("exports")


def test_a_batch_that_a_dead_worker_commits_late_is_harmless(photographs: Path, results: Results, run: Run) -> None:
    first = run(photographs, results.folder, "--batch-size", "5")
    before = {kind: results.table(kind) for kind in ("features", "projections")}
    store = ResultStore(Location.parse(str(results.folder)))
    folder = f"features/model={first.manifest['model']['identity']}"
    # Another division of the same photographs, as a run of another version would have made. It comes behind the batches
    # of the run by its name: so these count, and all seems to be as it was.
    for rows in itertools.combinations(range(24), 3):
        late = store.put_batch(folder, before["features"].take(pa.array(rows)))
        if late == store.paths(folder)[-1]:
            break
        store.delete([late])
    assert results.rows("features") == 27

    second = run(photographs, results.folder, "--batch-size", "5")
    assert second.manifest["run"] == first.manifest["run"]
    assert second.counts["computed"] == 0
    assert_current(results, photographs, second)
    for kind, table in before.items():
        assert results.table(kind).equals(table)


def test_features_of_another_root_in_the_same_output_stay(
    photographs: Path, results: Results, run: Run, tmp_path: Path
) -> None:
    plant(tmp_path / "more photos", 4, first_seed=50)
    run(photographs, results.folder)
    second = run(tmp_path / "more photos", results.folder)
    assert (second.counts["images"], second.counts["computed"]) == (12, 12)
    assert results.uris("features") == sorted(uris_of(photographs) + uris_of(tmp_path / "more photos"))
    assert results.uris("projections") == uris_of(tmp_path / "more photos")


def test_photographs_without_split_folders_are_divided_by_a_hash(results: Results, run: Run, tmp_path: Path) -> None:
    for number in range(30):
        path = tmp_path / "flat" / LABELS[number % 3] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
    outcome = run(tmp_path / "flat", results.folder, "--test-share", "0.4")
    splits = outcome.manifest["splits"]
    assert splits["by"] == "hash"
    assert splits["train"] + splits["test"] == 30
    assert results.table("projections")["split"].to_pylist().count("test") == splits["test"] > 0


@pytest.mark.parametrize("labels", [1, 3])
def test_without_a_test_split_there_is_a_report_without_a_score(
    labels: int, results: Results, run: Run, tmp_path: Path
) -> None:
    for number in range(9):
        path = tmp_path / "flat" / LABELS[number % labels] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
    outcome = run(tmp_path / "flat", results.folder, "--test-share", "0")
    report = results.files()[f"reports/{outcome.manifest['run']}/report.html"].decode()
    reason = "a probe needs two" if labels == 1 else "The test split is empty"
    assert reason in report


def test_two_photographs_are_enough(results: Results, run: Run, tmp_path: Path) -> None:
    (tmp_path / "two" / "Apple").mkdir(parents=True)
    for number in range(2):
        (tmp_path / "two" / "Apple" / f"{number}.jpg").write_bytes(jpeg(number))
    outcome = run(tmp_path / "two", results.folder)
    assert outcome.manifest["pca"]["components"] == 1
    assert results.rows("projections") == 2


def test_a_photograph_that_was_unreadable_is_taken_once_it_can_be_read(
    photographs: Path, results: Results, run: Run
) -> None:
    link = photographs / "Training" / LABELS[0] / "link.jpg"
    link.symlink_to(photographs.parent / "mounted later.jpg")
    first = run(photographs, results.folder)
    assert first.counts["reasons"] == {"unreadable": 1}
    (photographs.parent / "mounted later.jpg").write_bytes(jpeg(9000))
    second = run(photographs, results.folder)
    assert (second.counts["computed"], second.counts["features"], second.counts["reasons"]) == (1, 25, {})
    assert results.rows("quarantine") == 0
