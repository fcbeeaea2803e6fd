"""Everything bad that a tree of photographs can hold, in one run that must survive it and account for all of it."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import job.pipeline
from job.storage.listing import Listing, list_photographs
from job.storage.locations import Location
from job.storage.reading import MAX_BYTES
from job.storage.tables import QUARANTINE_SCHEMA
from tests.job.runs import Outcome, Results, Run, submit
from tests.pictures import bomb, encode, fruit, jpeg, turned

pytestmark = pytest.mark.spark

PHOTOGRAPH = jpeg(1)
GRAY = np.asarray(fruit(2).convert("L"))

ODD_NAMES = (
    *("a b.jpg", "lot #7.jpg", "100%.jpg", "a%20b.jpg", "a+b.jpg", "pêche mûre.jpg", "🍎.jpg"),
    *('it\'s "ripe"?.jpg', "[x]{y}.jpg", "back\\slash.jpg", "<b>&amp;.jpg"),
)

GOOD = {
    "really a PNG.jpg": encode(fruit(3), "PNG"),
    "no extension": encode(fruit(4), "WEBP"),
    "animated.gif": encode(fruit(5), "GIF", save_all=True, append_images=[fruit(6)]),
    "CMYK.jpg": encode(fruit(7).convert("CMYK")),
    "gray.jpg": encode(fruit(8).convert("L")),
    "palette and alpha.png": encode(fruit(9).quantize(8), "PNG", transparency=0),
    "alpha.png": encode(fruit(10).convert("RGBA"), "PNG"),
    "16 bits.png": encode(Image.fromarray(GRAY.astype(np.uint16) * 257), "PNG"),
    "16 bits.tiff": encode(Image.fromarray(GRAY.astype(np.uint16) * 256), "TIFF"),
    "floats.tiff": encode(Image.fromarray(GRAY.astype(np.float32) / 255), "TIFF"),
    "1 bit.bmp": encode(fruit(11).convert("1"), "BMP"),
    "1 x 1.png": encode(fruit(12).resize((1, 1)), "PNG"),
    "1 x 4000.png": encode(fruit(13).resize((1, 4000)), "PNG"),
    "large.jpg": encode(fruit(14).resize((3000, 2000))),
    **{f"turned {orientation}.jpg": turned(orientation) for orientation in range(1, 9)},
    **{name: jpeg(20 + number) for number, name in enumerate(ODD_NAMES)},
}
BAD = {
    "no bytes.jpg": (b"", "empty"),
    "text.jpg": (b"Dear colleague, here are the apples.\n" * 50, "not-an-image"),
    "page.png": (b"<html><body>403 Forbidden</body></html>", "not-an-image"),
    "cut at 10 %.jpg": (PHOTOGRAPH[: len(PHOTOGRAPH) // 10], "truncated"),
    "cut at 50 %.jpg": (PHOTOGRAPH[: len(PHOTOGRAPH) // 2], "truncated"),
    "cut at 99 %.jpg": (PHOTOGRAPH[: len(PHOTOGRAPH) * 99 // 100], "truncated"),
    "bomb.png": (bomb(30_000), "too-many-pixels"),
    "new\nline.jpg": (PHOTOGRAPH, "unsupported-name"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with everything in it, beside plain photographs."""
    folder = tmp_path / "photos" / "Training" / "Apple"
    folder.mkdir(parents=True)
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    (folder / ".DS_Store").write_bytes(b"hidden")
    return tmp_path / "photos"


def assert_all_accounted_for(results: Results, outcome: Outcome, reasons: dict[str, int]) -> None:
    counts = outcome.counts
    assert counts["images"] == counts["features"] + counts["quarantined"]
    assert counts["reasons"] == reasons
    assert counts["quarantined"] == results.rows("quarantine") == sum(reasons.values())
    assert counts["features"] == results.rows("features") == results.rows("projections")
    assert not set(results.uris("features")) & set(results.uris("quarantine"))


def test_a_tree_of_bad_files_is_survived_and_accounted_for(tree: Path, tmp_path: Path, run: Run) -> None:
    folder, results = tree / "Training" / "Apple", Results(tmp_path / "results")
    (folder / "link to nothing.jpg").symlink_to("nowhere.jpg")
    (folder / "circle").symlink_to(tree)
    os.mkfifo(folder / "pipe.jpg")
    (tree / os.fsdecode(b"\xff\xfe.jpg")).write_bytes(PHOTOGRAPH)
    with (folder / "huge.tiff").open("wb") as huge:
        huge.truncate(MAX_BYTES + 1)
    outcome = run(tree, results.folder, "--batch-size", "7")

    reasons = Counter(reason for _, reason in BAD.values())
    reasons += Counter(["unreadable", "not-an-image", "unsupported-name", "too-large"])
    assert_all_accounted_for(results, outcome, dict(sorted(reasons.items())))
    assert results.uris("features") == sorted(f"file://{folder}/{name}" for name in GOOD)
    assert outcome.manifest["images"]["ignored"] == 1

    quarantine = results.table("quarantine")
    assert quarantine.schema.equals(QUARANTINE_SCHEMA)
    rows = {row["uri"]: row for row in quarantine.to_pylist()}
    for name, (content, reason) in BAD.items():
        row = rows[f"file://{folder}/{name}"]
        assert (row["reason"], row["bytes"], row["label"]) == (reason, len(content), "Apple")
        assert row["etag"]
        assert row["detail"]
        assert "\n" not in row["detail"]

    report = results.files()[f"reports/{outcome.manifest['run']}/report.html"].decode()
    assert all(reason in report for reason in reasons)


def test_a_second_run_tries_again_only_what_may_have_passed(tree: Path, tmp_path: Path, run: Run) -> None:
    (tree / "Training" / "Apple" / "link to nothing.jpg").symlink_to("nowhere.jpg")
    results = Results(tmp_path / "results")
    first = run(tree, results.folder)
    second = run(tree, results.folder)
    assert second.counts["computed"] == 1
    assert second.counts["reasons"] == first.counts["reasons"]
    assert_all_accounted_for(results, second, first.counts["reasons"])


def test_photographs_that_vanish_or_change_after_the_listing_are_accounted_for_and_set_right_by_the_next_run(
    tree: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, results = tree / "Training" / "Apple", Results(tmp_path / "results")
    lasting = Counter(reason for _, reason in BAD.values())

    def list_and_disturb(root: Location) -> Listing:
        listing = list_photographs(root)
        (folder / "gray.jpg").unlink()
        (folder / "large.jpg").write_bytes(jpeg(99))
        return listing

    with monkeypatch.context() as disturbed:
        disturbed.setattr(job.pipeline, "list_photographs", list_and_disturb)
        first = run(tree, results.folder)
    assert_all_accounted_for(results, first, dict(sorted((lasting + Counter(["vanished", "changed"])).items())))
    second = run(tree, results.folder)
    assert second.counts["computed"] == 1
    assert_all_accounted_for(results, second, dict(sorted(lasting.items())))
    assert results.uris("features") == sorted(f"file://{folder}/{name}" for name in GOOD if name != "gray.jpg")


def test_bad_objects_on_s3_are_survived_and_accounted_for(s3: Any, bucket: str, tmp_path: Path) -> None:
    prefix, results = "photos/Training/Apple", Results(tmp_path / "results")
    odd_keys = ["photos//Apple/1.jpg", "photos/Apple//1.jpg", "photos/Apple/../1.jpg", "photos/new\nline/1.jpg"]
    for name, content in GOOD.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)
    for name, (content, _) in BAD.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)
    for key in odd_keys:
        s3.put_object(Bucket=bucket, Key=key, Body=PHOTOGRAPH)
    s3.put_object(Bucket=bucket, Key="photos/Training/", Body=b"")
    secret = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    s3.put_object(Bucket=bucket, Key=f"{prefix}/secret.jpg", Body=PHOTOGRAPH, **secret)

    outcome = submit(f"s3://{bucket}/photos", results.folder, "--batch-size", "7")
    reasons = Counter(reason for _, reason in BAD.values())
    reasons += Counter({"unsupported-name": len(odd_keys), "unreadable": 1})
    assert_all_accounted_for(results, outcome, dict(sorted(reasons.items())))
    assert results.uris("features") == sorted(f"s3://{bucket}/{prefix}/{name}" for name in GOOD)
    assert outcome.manifest["images"]["ignored"] == 1
