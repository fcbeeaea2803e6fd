"""A folder as people have it, through a whole run: what counts, what is left out, and where that is told."""

import logging
from pathlib import Path

import numpy as np
import pytest

from job.features.backbone import FEATURES, Backbone
from job.storage.listing import list_photographs
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.tables import with_uris
from tests.job.features_at_hand import commit_features
from tests.job.runs import Results, Run
from tests.pictures import jpeg

PHOTOGRAPHS = {
    "Training/Kaki/1.jpg": "train",
    "Training/Kaki/_DSC0002.JPG": "train",
    "Training/Plum/3.jpg": "train",
    "Training/Plum not Ripened/4.jpg": "train",
    "Test/Kaki/5.jpg": "test",
    "Test/Plum/6.jpg": "test",
    "Validation/Kaki/7.jpg": "validation",
    "outside/Kaki/8.jpg": "by hash",
}
LEFT_OUT = ("test-multiple_fruits/9.jpg", "Meta/Kaki/info.txt", "Training/Kaki/Thumbs.db", "readme.md")


def test_statements_about_a_release_of_fruits_360_are_true_of_what_they_speak_of(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fruits")
    for number, path in enumerate([*PHOTOGRAPHS, *LEFT_OUT]):
        file = tmp_path / "photos" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(number))
    results = Results(tmp_path / "results")
    outcome = run(tmp_path / "photos", results.folder, "--components", "3")
    images, splits = outcome.manifest["images"], outcome.manifest["splits"]
    assert (images["count"], images["labels"], images["ignored"]) == (8, 3, 4)
    assert sum(row["count"] for row in images["left_out"]) == 4
    assert images["notes"] == ["only Training has photographs of 'Plum not Ripened': renamed, or missing?"]
    assert (splits["by"], splits["by_hash"], splits["validation"]) == ("both", 1, 1)
    found = {row["uri"].partition("/photos/")[2]: row["split"] for row in results.table("projections").to_pylist()}
    by_folder = {path: split for path, split in PHOTOGRAPHS.items() if split != "by hash"}
    assert by_folder.items() <= found.items()
    report = results.files()[f"reports/{outcome.manifest['run']}/report.html"].decode()
    for told in (
        "Thumbs.db",
        "readme.md",
        "only Training has photographs of",
        "The split of 1 of them, which have no such folder,",
    ):
        assert told in report
    assert "left out: 2 scenes and texts of Fruits-360" in caplog.text


def test_three_thousand_labels_are_projected_judged_and_reported(
    tmp_path: Path, frozen_backbone: Backbone, results: Results, run: Run
) -> None:
    labels, images = 3_000, Location.parse(str(tmp_path / "photos"))
    for number in range(2 * labels):
        file = Path(images.path, "Test" if number % 2 else "Training", f"{number // 2:04} <sort>", "1.jpg")
        file.parent.mkdir(parents=True)
        file.write_bytes(jpeg(number) if number < 9 else b"x")
    listed, store = (
        with_uris(images, list_photographs(images).photographs),
        ResultStore(Location.parse(str(results.folder))),
    )
    features = np.random.default_rng(360).integers(6, size=(2 * labels, FEATURES))
    for start in range(0, 2 * labels, 500):
        commit_features(store, frozen_backbone.identity, listed.slice(start, 500), features[start : start + 500])
    outcome = run(images.path, results.folder, "--components", "5")
    assert (outcome.counts["computed"], outcome.counts["features"]) == (0, 2 * labels)
    assert outcome.manifest["images"]["labels"] == labels
    assert outcome.manifest["probe"]["photographs"] == labels
    report = results.files()[f"reports/{outcome.manifest['run']}/report.html"].decode()
    assert "2999 &lt;sort&gt;" in report
    assert len(report) < 5_000_000
