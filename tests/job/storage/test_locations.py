"""Locations: what URIs mean, on this machine and on S3, and reading an object by ranges."""

import io
from pathlib import Path
from typing import Any

import obstore
import pytest

from job.errors import JobError
from job.storage.locations import Location, ObjectReader


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("/photos", "file:///photos"),
        ("/photos/", "file:///photos"),
        ("/photos/../other//fruits/.", "file:///other/fruits"),
        ("file:///photos", "file:///photos"),
        ("file:///photos/", "file:///photos"),
        ("file:///photos/../other", "file:///other"),
        ("file:/photos", "file:///photos"),
        ("/100% fruits#1?é🍎+", "file:///100% fruits#1?é🍎+"),
        ("file:///a%20b", "file:///a%20b"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/photos/2026/", "s3://bucket/photos/2026"),
        ("s3a://bucket/photos", "s3://bucket/photos"),
        ("s3n://bucket/photos", "s3://bucket/photos"),
        ("s3://bucket/a%20b #+é", "s3://bucket/a%20b #+é"),
        ("s3://bucket//photos//2026/./Test/..", "s3://bucket/photos/2026"),
        ("s3/photos", "file://{here}/s3/photos"),
        ("photos:2026/s3", "file://{here}/photos:2026/s3"),
    ],
)
def test_a_uri_is_read_as_it_stands_and_written_in_one_way(text: str, uri: str) -> None:
    assert Location.parse(text).uri == uri.format(here=Path.cwd())


def test_a_relative_path_starts_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Location.parse("photos").uri == f"file://{tmp_path}/photos"
    assert Location.parse("file:photos").uri == f"file://{tmp_path}/photos"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Location.parse("~/photos").path == f"{tmp_path}/photos"


def test_a_tilde_of_nobody_is_a_folder_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Location.parse("~nobody-of-this-name/x").path == f"{tmp_path}/~nobody-of-this-name/x"


@pytest.mark.parametrize(
    "text",
    [
        "https://bucket/photos",
        "hdfs://node/photos",
        "hdfs:/photos",
        "s3://",
        "s3:///photos",
        "gs://bucket",
        "FILE:///x",
    ],
)
def test_a_uri_that_cannot_be_read_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(JobError, match=r"accepted are a folder, file:///folder and s3://bucket/prefix") as refused:
        Location.parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s3:/bucket/x", "s3://bucket/x"),
        ("s3:bucket/x", "s3://bucket/x"),
        ("s3//bucket/x", "s3://bucket/x"),
        ("s3a//bucket/x", "s3://bucket/x"),
        ("s3:///bucket/x", "s3://bucket/x"),
        ("S3://bucket/x", "s3://bucket/x"),
        ("https://bucket.s3.eu-west-3.amazonaws.com/x/y", "s3://bucket/x/y"),
        ("https://my.bucket.s3.dualstack.eu-west-3.amazonaws.com/x?versionId=1", "s3://my.bucket/x"),
        ("https://bucket.s3-eu-west-1.amazonaws.com/x", "s3://bucket/x"),
        ("https://s3.amazonaws.com/bucket/x", "s3://bucket/x"),
    ],
)
def test_a_mistyped_uri_of_s3_is_refused_with_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(JobError, match=rf"cannot read the URI .*; did you mean {meant}\? accepted are"):
        Location.parse(text)


@pytest.mark.parametrize("text", ["", "file:"])
def test_an_empty_uri_is_refused(text: str) -> None:
    with pytest.raises(JobError, match="the URI is empty"):
        Location.parse(text)


@pytest.mark.parametrize(
    ("root", "relative", "uri"),
    [
        ("/photos", "Apple/1.jpg", "file:///photos/Apple/1.jpg"),
        ("/", "Apple/1.jpg", "file:///Apple/1.jpg"),
        ("s3://bucket", "Apple/1.jpg", "s3://bucket/Apple/1.jpg"),
        ("s3://bucket/photos", "Apple/1.jpg", "s3://bucket/photos/Apple/1.jpg"),
        ("s3://bucket", "/1.jpg", "s3://bucket//1.jpg"),
        ("s3://bucket/photos", "/1.jpg", "s3://bucket/photos//1.jpg"),
    ],
)
def test_a_child_has_the_uri_of_its_folder_and_its_path(root: str, relative: str, uri: str) -> None:
    assert Location.parse(root).child(relative).uri == uri


@pytest.mark.parametrize(
    ("text", "parent", "name"),
    [
        ("/models/fruits.tflite", "file:///models", "fruits.tflite"),
        ("/fruits.tflite", "file:///", "fruits.tflite"),
        ("s3://bucket/models/fruits.tflite", "s3://bucket/models", "fruits.tflite"),
        ("s3://bucket/fruits.tflite", "s3://bucket", "fruits.tflite"),
    ],
)
def test_a_file_lies_in_its_parent_under_its_name(text: str, parent: str, name: str) -> None:
    location = Location.parse(text)
    assert (location.parent().uri, location.name) == (parent, name)


def test_the_name_of_a_bucket_stands_for_its_root() -> None:
    assert Location.parse("s3://bucket").name == "bucket"


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.server)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "local":
        return Location.parse(str(tmp_path))
    return Location.parse(f"s3://{request.getfixturevalue('bucket')}/some/prefix")


def test_an_object_that_is_put_is_there_to_get(folder: Location) -> None:
    obstore.put(folder.open(create=True), "a/b c#1%.bin", b"content")
    assert bytes(obstore.get(folder.open(), "a/b c#1%.bin").bytes()) == b"content"


def test_a_prefix_holds_objects_at_the_key_its_uri_says(s3: Any, bucket: str) -> None:
    location = Location.parse(f"s3://{bucket}/some/prefix")
    obstore.put(location.open(), "x.bin", b"content")
    assert s3.get_object(Bucket=bucket, Key="some/prefix/x.bin")["Body"].read() == b"content"


def test_keys_are_found_in_a_profile(s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket=bucket, Key="x.bin", Body=b"content")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (tmp_path / "credentials").write_text("[fruits]\naws_access_key_id = test\naws_secret_access_key = test\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "fruits")
    assert bytes(obstore.get(Location.parse(f"s3://{bucket}").open(), "x.bin").bytes()) == b"content"


def test_a_missing_folder_is_made_only_on_demand(tmp_path: Path) -> None:
    missing = Location.parse(str(tmp_path / "new" / "folder"))
    with pytest.raises(Exception, match="new/folder"):
        missing.open()
    missing.open(create=True)
    assert (tmp_path / "new" / "folder").is_dir()


def test_an_object_is_read_by_ranges_like_a_file(folder: Location) -> None:
    content = bytes(range(256)) * 10
    store = folder.open(create=True)
    obstore.put(store, "x.bin", content)
    reader, file = ObjectReader(store, "x.bin"), io.BytesIO(content)
    assert reader.readable()
    assert reader.seekable()
    for offset, whence, size in [(10, 0, 5), (3, 1, 7), (-20, 2, 50), (0, 2, 1), (0, 0, -1), (5000, 0, 3), (0, 0, 0)]:
        assert reader.seek(offset, whence) == file.seek(offset, whence)
        assert reader.read(size) == file.read(size)
        assert reader.tell() == file.tell()


def test_an_object_that_is_missing_cannot_be_read_by_ranges(folder: Location) -> None:
    store = folder.open(create=True)
    with pytest.raises(FileNotFoundError):
        ObjectReader(store, "missing.bin")
