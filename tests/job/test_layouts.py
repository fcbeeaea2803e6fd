"""A folder as people have it, through a whole run: what counts, what is left out, and where that is told."""

import logging
from pathlib import Path

import pytest

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
