"""Folders as people have them: what is taken for a photograph, what is left out and told, and which label it gets."""

import unicodedata
from pathlib import Path

import pytest

from job.components.splits import SplitRule
from job.errors import JobError
from job.storage.left_out import (
    ARCHIVE,
    HIDDEN,
    MARKER_OF_FOLDER,
    OF_RELEASE,
    OF_SYSTEM,
    TEXT,
    LeftOut,
    left_out,
    left_out_in_words,
)
from job.storage.listing import Listing, list_photographs
from job.storage.locations import Location

NFC, NFD = "P\u00eache", "Pe\u0302che"


def listed(folder: Path, *paths: str) -> Listing:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    return list_photographs(Location.parse(str(folder)))


@pytest.mark.parametrize(
    "path",
    [
        "Kaki/_DSC0001.JPG",
        "_new/1.jpg",
        "Kaki/__.png",
        "Kaki/no extension",
        "Kaki/1.HEIC",
        "Kaki/scan.pdf",
        "Kaki/drawing.svg",
        "Kaki/1.CR3",
        "Test/Text/1.jpg",
        "Success/1.jpg",
        "test-multiple_fruits.jpg",
        "Icon/1.jpg",
    ],
)
def test_what_may_be_a_photograph_is_taken_for_one(path: str) -> None:
    assert left_out(path) == ""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Kaki/.DS_Store", HIDDEN),
        ("Kaki/._1.jpg", HIDDEN),
        (".git/1.jpg", HIDDEN),
        ("Kaki/Thumbs.db", OF_SYSTEM),
        ("Kaki/THUMBS.DB", OF_SYSTEM),
        ("Kaki/desktop.ini", OF_SYSTEM),
        ("Kaki/Icon\r", OF_SYSTEM),
        ("__MACOSX/Kaki/1.jpg", OF_SYSTEM),
        ("Kaki/@eaDir/1.jpg", OF_SYSTEM),
        ("$RECYCLE.BIN/1.jpg", OF_SYSTEM),
        ("Kaki/_SUCCESS", OF_SYSTEM),
        ("_temporary/0/1.jpg", OF_SYSTEM),
        ("_committed_123", OF_SYSTEM),
        ("_delta_log/1.json", OF_SYSTEM),
        ("Kaki_$folder$", OF_SYSTEM),
        ("test-multiple_fruits/scene.jpg", OF_RELEASE),
        ("fruits-360/papers/paper.pdf", OF_RELEASE),
        ("Meta/Kaki/info.txt", OF_RELEASE),
        ("LICENSE", TEXT),
        ("readme.md", TEXT),
        ("Kaki/labels.CSV", TEXT),
        ("Kaki/1.xmp", TEXT),
        ("archive.zip", ARCHIVE),
        ("Kaki/", MARKER_OF_FOLDER),
        ("", MARKER_OF_FOLDER),
    ],
)
def test_what_is_none_is_left_out_by_its_name(path: str, kind: str) -> None:
    assert left_out(path) == kind


def test_what_is_left_out_is_told_with_counts_and_examples() -> None:
    left = LeftOut()
    for path in ("b/.x", "a/.x", "c/readme.md"):
        left.add(left_out(path), path)
    assert left.total == 3
    words = "2 hidden files, such as 'a/.x'; 1 texts and data, such as 'c/readme.md'"
    assert str(left) == left_out_in_words(left.rows()) == words


def test_a_release_with_scenes_papers_and_texts_has_the_labels_of_its_fruits(tmp_path: Path) -> None:
    kaggle = [f"fruits-360/{split}/{label}/1.jpg" for split in ("Training", "Test") for label in ("Kaki", "Plum")]
    beside = ["fruits-360/test-multiple_fruits/1.jpg", "fruits-360/papers/paper.pdf", "fruits-360/LICENSE"]
    listing = listed(tmp_path, *kaggle, *beside, "fruits-360/Meta/Kaki/info.txt", "fruits-360/Validation/Kaki/1.jpg")
    assert set(listing.photographs["label"].to_pylist()) == {"Kaki", "Plum"}
    assert (listing.photographs.num_rows, listing.left_out.total) == (5, 4)


def test_a_label_written_in_two_forms_is_one_and_told(tmp_path: Path) -> None:
    listing = listed(tmp_path, f"{NFC}/1.jpg", f"{NFD}/2.jpg", "Plum/3.jpg")
    assert set(listing.photographs["label"].to_pylist()) == {NFC, "Plum"}
    assert {unicodedata.is_normalized("NFC", path) for path in listing.photographs["path"].to_pylist()} == {True, False}
    (note,) = listing.notes
    assert NFC in note


def test_three_thousand_labels_are_listed(tmp_path: Path) -> None:
    listing = listed(tmp_path, *(f"{number:04}/1.jpg" for number in range(3_000)))
    assert (len(set(listing.photographs["label"].to_pylist())), listing.notes) == (3_000, ())


def test_a_folder_without_photographs_is_no_label(tmp_path: Path) -> None:
    (tmp_path / "Empty").mkdir()
    assert set(listed(tmp_path, "Plum/1.jpg").photographs["label"].to_pylist()) == {"Plum"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("archive.zip", "it is a file; unpack it, and give the folder"),
        ("1.jpg", "it is a file; give its folder"),
        ("*.jpg", "a pattern is not expanded here: give --images one folder, such as"),
        ("Plu?", "a pattern is not expanded here"),
        ("nowhere", "give --images a folder of photographs or s3://bucket/prefix"),
    ],
)
def test_what_is_no_folder_is_refused_with_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    for file in ("archive.zip", "1.jpg"):
        (tmp_path / file).write_bytes(b"x")
    with pytest.raises(JobError) as refused:
        list_photographs(Location.parse(f"{tmp_path}/{name}"))
    assert f"no folder {tmp_path}/{name}" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.server
def test_an_object_of_s3_in_place_of_a_prefix_is_refused_with_what_to_do(s3: object, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="photos/archive.zip", Body=b"x")  # type: ignore[attr-defined]
    with pytest.raises(JobError, match=r"archive\.zip is a file; unpack it, and give the folder"):
        list_photographs(Location.parse(f"s3://{bucket}/photos/archive.zip"))


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("Validation/Kaki/1.jpg", ("validation", True)),
        ("validation/Kaki/1.jpg", ("validation", True)),
        (f"{NFD}/Kaki/1.jpg", ("train", True)),
        ("Test/Kaki/1.jpg", ("test", True)),
    ],
)
def test_a_folder_decides_the_split_however_it_is_written(path: str, split: tuple[str, bool]) -> None:
    assert SplitRule(train_folder=NFC).split_of(path) == split
