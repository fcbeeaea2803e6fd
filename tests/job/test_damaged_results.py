"""Results that somebody has damaged: nothing is called complete that is not, and the next run makes all whole."""

from collections.abc import Callable
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


def _delete(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("stage", ["fit", "project"])
@pytest.mark.parametrize("harm", [_delete, flip])
def test_features_that_are_harmed_while_a_run_works_on_them_are_computed_again(
    *,
    photographs: Path,
    results: Results,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    harm: Callable[[Path], None],
) -> None:
    first = run(photographs, results.folder, "--batch-size", "4")
    before = files_that_stay(results)
    next(results.folder.glob("reports/*/contents.json")).unlink()
    begin = getattr(Analysis, stage)

    def harmed(*arguments: Any) -> Any:
        monkeypatch.setattr(Analysis, stage, begin)
        harm(sorted(results.folder.glob("features/*/*.parquet"))[0])
        return begin(*arguments)

    monkeypatch.setattr(Analysis, stage, harmed)
    again = run(photographs, results.folder, "--batch-size", "4")
    assert (again.manifest["run"], again.counts["computed"]) == (first.manifest["run"], 4)
    assert {path: content for path, content in files_that_stay(results).items() if path in before} == before


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff"])
def test_a_damaged_manifest_of_another_run_stops_no_run(
    photographs: Path, results: Results, run: Run, content: bytes
) -> None:
    other = results.folder / "reports" / ("b" * 16) / "manifest.json"
    other.parent.mkdir(parents=True)
    other.write_bytes(content)
    assert run(photographs, results.folder).counts["features"] == 12
    assert run(photographs, results.folder).counts["computed"] == 0
    assert other.read_bytes() == content
