"""Results that somebody has damaged: nothing is called complete that is not, and the next run makes all whole."""

from pathlib import Path
from typing import Any

import pytest

from job.components.analysis import Analysis
from tests.job.runs import Results, Run
from tests.pictures import plant

pytestmark = pytest.mark.spark

RESULTS = (
    "reports/*/report.html",
    "reports/*/manifest.json",
    "reports/*/images.parquet",
    "reports/*/contents.json",
    "pca/*/arrays.npz",
    "pca/*/model/metadata/part-*",
    "pca/*/model/stages/1_*/data/part-*",
    "projections/*/*.parquet",
    "exports/*/*.csv",
)
DAMAGED_MANIFESTS = {"a": b"", "b": b"{", "c": b"[" * 100_000, "d": b"\xff"}


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged") / "photos"
    plant(folder, 4)
    return folder


def files_that_stay(results: Results) -> dict[str, bytes]:
    """What does not tell when or by which process it, or what it is about, was made."""
    timed = ("manifest.json", "report.html", "contents.json")
    files = results.files()
    return {
        path: content
        for path, content in files.items()
        if not path.endswith(timed) and not path.startswith("index/") and "/metadata/" not in path
    }


def test_results_that_are_damaged_are_not_called_complete_and_are_made_again(
    photographs: Path, results: Results, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(photographs, results.folder, "--csv")
    before = files_that_stay(results)
    for pattern in RESULTS:
        next(results.folder.glob(pattern)).write_bytes(b"")
    again = run(photographs, results.folder, "--csv")
    assert (again.manifest["run"], again.counts["computed"]) == (first.manifest["run"], 0)
    assert files_that_stay(results) == before
    with caplog.at_level("INFO"):
        run(photographs, results.folder, "--csv")
    assert "nothing new" in caplog.text


def test_features_with_a_flipped_bit_are_set_aside_and_computed_again(
    photographs: Path, results: Results, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(photographs, results.folder, "--batch-size", "4")
    before = files_that_stay(results)
    damaged = sorted(results.folder.glob("features/*/*.parquet"))[1]
    flip(damaged)
    content = damaged.read_bytes()
    next(results.folder.glob("reports/*/report.html")).unlink()
    again = run(photographs, results.folder, "--batch-size", "4")
    assert again.manifest["run"] == first.manifest["run"]
    assert again.counts["computed"] == 4
    kept = f"damaged/{damaged.relative_to(results.folder).as_posix()}"
    after = files_that_stay(results)
    assert after.pop(kept) == content
    assert after == before
    assert damaged.name in caplog.text
    assert again.manifest["store"]["set_aside"] == 1
    assert any(damaged.name in note for note in again.manifest["images"]["notes"])


@pytest.mark.parametrize("stage", ["fit", "project"])
def test_features_that_vanish_while_a_run_works_on_them_are_computed_again(
    photographs: Path, results: Results, run: Run, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    first = run(photographs, results.folder, "--batch-size", "4")
    before = files_that_stay(results)
    next(results.folder.glob("reports/*/contents.json")).unlink()
    begin = getattr(Analysis, stage)

    def robbed(*arguments: Any) -> Any:
        monkeypatch.setattr(Analysis, stage, begin)
        min(results.folder.glob("features/*/*.parquet")).unlink()
        return begin(*arguments)

    monkeypatch.setattr(Analysis, stage, robbed)
    again = run(photographs, results.folder, "--batch-size", "4")
    assert (again.manifest["run"], again.counts["computed"]) == (first.manifest["run"], 4)
    assert files_that_stay(results) == before


def test_damaged_manifests_of_other_runs_stop_no_run(photographs: Path, results: Results, run: Run) -> None:
    damaged = {f"reports/{name * 16}/manifest.json": content for name, content in DAMAGED_MANIFESTS.items()}
    for path, content in damaged.items():
        (results.folder / path).parent.mkdir(parents=True)
        (results.folder / path).write_bytes(content)
    assert run(photographs, results.folder).counts["features"] == 12
    assert run(photographs, results.folder).counts["computed"] == 0
    assert damaged.items() <= results.files("reports").items()
