"""The photographs that a report shows."""

import io
from pathlib import Path

from PIL import Image

from job.report.showcase import thumbnails
from job.storage.listing import list_photographs
from job.storage.locations import Location


def test_a_photograph_that_cannot_be_shown_costs_its_picture_and_not_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "Apple"
    folder.mkdir()
    Image.new("RGB", (300, 200), "red").save(folder / "0.jpg")
    (folder / "1.jpg").write_bytes(b"no photograph")
    root = Location.parse(str(tmp_path))
    shown, missing = thumbnails(root, list_photographs(root).photographs)
    assert missing is None
    assert shown is not None
    assert Image.open(io.BytesIO(shown)).size == (64, 64)
