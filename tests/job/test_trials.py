"""A trial on some of the photographs, beside whole runs of the same output."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.job.runs import Results, Run
from tests.pictures import LABELS, plant

pytestmark = pytest.mark.spark


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    plant(tmp_path / "photos", 8)
    return tmp_path / "photos"


def _records(results: Results) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted((results.folder / "runs").glob("*.json"))]


def test_a_trial_changes_nothing_of_a_whole_run_and_a_whole_run_nothing_of_it(
    photographs: Path, results: Results, run: Run
) -> None:
    whole = run(photographs, results.folder)
    before = results.files()
    trial = run(photographs, results.folder, "--limit", "9", "--components", "3")
    assert trial.counts["images"] == trial.counts["computed"] == 9
    apart = Results(results.folder / trial.manifest["trial"]["results"])
    tried = apart.files()
    assert {name: content for name, content in results.files().items() if not name.startswith("trials/")} == before
    assert set(Counter(apart.table("features")["label"].to_pylist()).values()) == {3}

    again = run(photographs, results.folder)
    assert (again.counts["computed"], again.manifest["run"]) == (0, whole.manifest["run"])
    assert apart.files() == tried
    assert run(photographs, results.folder, "--limit", "9", "--components", "3").counts["computed"] == 0


def test_a_trial_of_one_label_says_so_in_its_report_and_in_the_record_of_all_runs(
    photographs: Path, results: Results, run: Run
) -> None:
    outcome = run(photographs, results.folder, "--label", LABELS[0], "--run-label", "few")
    note = f"A trial with 8 of 24 photographs, of the labels {LABELS[0]}; its results are apart"
    assert outcome.manifest["images"]["notes"][0].startswith(note)
    folder = results.folder / outcome.manifest["trial"]["results"]
    assert note in (folder / "reports" / outcome.manifest["run"] / "report.html").read_text(encoding="utf-8")
    (record,) = _records(results)
    assert (record["label"], record["trial"]) == ("few", outcome.manifest["trial"])


def test_a_label_that_no_photograph_has_ends_the_run(photographs: Path, results: Results, run: Run) -> None:
    outcome = run(photographs, results.folder, "--label", "Durian")
    assert outcome.code == 2
    assert "--label Durian: no photograph has this label" in outcome.error
