"""Listing photographs and reading them ahead: any name, any trouble, nothing lost, nothing unbounded."""

import os
import resource
import socket
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import obstore
import pytest

from job.errors import JobError, Rejected
from job.storage.listing import (
    LISTING_SCHEMA,
    Listing,
    Photograph,
    is_rendered,
    list_photographs,
)
from job.storage.locations import Location
from job.storage.reading import MAX_BYTES, read_ahead

ODD_NAMES = [
    "a b.jpg",
    " leading and trailing ",
    "lot#7.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "%2F.jpg",
    "a+b.jpg",
    "pêche mûre.jpg",
    "pe\u0302che.jpg",  # the same letter in two characters, as macOS writes it
    "🍎🍐.jpg",
    "林檎.jpg",
    'it\'s "ripe".jpg',
    "[x]{y}(z).jpg",
    "ripe?.jpg",
    "*.jpg",
    "a:b;c,d=e&f@g$h!.jpg",
    "back\\slash.jpg",
    "<tag>|~^`.jpg",
]
UNSUPPORTED_NAMES = ["new\nline.jpg", "tab\tstop.jpg", "bell\x07.jpg", "delete\x7f.jpg"]


def photographs_of(listing: Listing) -> list[Photograph]:
    assert listing.photographs.schema == LISTING_SCHEMA
    return [Photograph(**row) for row in listing.photographs.to_pylist()]


def paths_of(root: Location) -> list[str]:
    return [photograph.path for photograph in photographs_of(list_photographs(root))]


def read(root: Location, photographs: list[Photograph] | None = None) -> dict[str, bytes | str]:
    """Read everything; give the content or the reason of each path."""
    wanted = photographs_of(list_photographs(root)) if photographs is None else photographs
    found = list(read_ahead(root.open(), wanted))
    assert [photograph for photograph, _ in found] == wanted
    for _, content in found:
        assert isinstance(content, bytes) or content.detail
    return {photograph.path: c.reason if isinstance(c, Rejected) else c for photograph, c in found}


@dataclass
class Tree:
    """A root of photographs and how to add one, on this machine or on S3."""

    root: Location
    client: Any = None
    contents: dict[str, bytes] = field(default_factory=dict)

    def add(self, path: str, content: bytes = b"photograph") -> None:
        self.contents[path] = content
        if self.root.bucket is None:
            target = Path(self.root.path, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        else:
            self.client.put_object(Bucket=self.root.bucket, Key=f"{self.root.path}/{path}", Body=content)

    def age(self, path: str) -> None:
        """Let a file look as if it had been written an hour ago; S3 tells versions apart by their content."""
        if self.root.bucket is None:
            written = Path(self.root.path, path).stat().st_mtime
            os.utime(Path(self.root.path, path), (written - 3600, written - 3600))

    def remove(self, path: str) -> None:
        if self.root.bucket is None:
            Path(self.root.path, path).unlink()
        else:
            self.client.delete_object(Bucket=self.root.bucket, Key=f"{self.root.path}/{path}")


@pytest.fixture
def folder(tmp_path: Path) -> Tree:
    (tmp_path / "photos").mkdir()
    return Tree(Location.parse(str(tmp_path / "photos")))


@pytest.fixture
def prefix(s3: Any, bucket: str) -> Tree:
    return Tree(Location.parse(f"s3://{bucket}/photos"), s3)


@pytest.fixture(params=["folder", pytest.param("prefix", marks=pytest.mark.server)])
def tree(request: pytest.FixtureRequest) -> Tree:
    made: Tree = request.getfixturevalue(request.param)
    return made


# ---- listing


def test_every_photograph_is_listed_with_its_label_and_size_sorted_by_path(tree: Tree) -> None:
    for path in ("Training/Pear/2.jpg", "Apple/1.jpg", "Training/Apple/deep/er/1.jpg", "top.jpg"):
        tree.add(path, b"x" * len(path))
    listed = photographs_of(list_photographs(tree.root))
    assert [(photograph.path, photograph.label) for photograph in listed] == [
        ("Apple/1.jpg", "Apple"),
        ("Training/Apple/deep/er/1.jpg", "er"),
        ("Training/Pear/2.jpg", "Pear"),
        ("top.jpg", "photos"),
    ]
    assert all(photograph.bytes == len(photograph.path) for photograph in listed)


def test_a_bucket_without_prefix_is_a_root(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="1.jpg", Body=b"x")
    s3.put_object(Bucket=bucket, Key="/1.jpg", Body=b"y")
    root = Location.parse(f"s3://{bucket}")
    assert [(p.path, p.label) for p in photographs_of(list_photographs(root))] == [
        ("/1.jpg", bucket),
        ("1.jpg", bucket),
    ]
    assert read(root) == {"/1.jpg": "unsupported-name", "1.jpg": b"x"}


def test_a_prefix_takes_nothing_of_its_namesakes(prefix: Tree) -> None:
    prefix.add("Apple/1.jpg")
    prefix.client.put_object(Bucket=prefix.root.bucket, Key="photos-of-last-year/Apple/2.jpg", Body=b"x")
    assert paths_of(prefix.root) == ["Apple/1.jpg"]


def test_more_objects_than_one_page_of_s3_are_all_listed(prefix: Tree) -> None:
    names = [f"Apple/{number:04}.jpg" for number in range(1003)]
    store = prefix.root.open()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: obstore.put(store, name, b"x"), names))
    assert paths_of(prefix.root) == names


def test_more_photographs_than_one_chunk_are_all_listed(folder: Tree) -> None:
    folder.add("Apple/0.jpg")
    for number in range(1, 10_001):
        os.link(Path(folder.root.path, "Apple/0.jpg"), Path(folder.root.path, f"Apple/{number}.jpg"))
    assert len(paths_of(folder.root)) == 10_001


def test_photographs_with_odd_names_are_listed_and_read(tree: Tree) -> None:
    for name in ODD_NAMES:
        tree.add(f"Apple/{name}", name.encode())
    assert read(tree.root) == tree.contents


def test_folders_with_odd_names_are_labels(tree: Tree) -> None:
    for name in ODD_NAMES:
        tree.add(f"{name}/1.jpg", name.encode())
    labels = {photograph.label for photograph in photographs_of(list_photographs(tree.root))}
    assert labels == {unicodedata.normalize("NFC", name) for name in ODD_NAMES}
    assert read(tree.root) == tree.contents


def test_roots_with_odd_names_are_listed_and_read(tree: Tree) -> None:
    for name in ODD_NAMES:
        odd = Tree(tree.root.child(name), tree.client)
        odd.add("Apple/1.jpg", name.encode())
        assert Location.parse(odd.root.uri) == odd.root
        assert read(odd.root) == {"Apple/1.jpg": name.encode()}


def test_names_that_cannot_be_asked_for_are_refused_and_the_others_read(tree: Tree) -> None:
    for name in UNSUPPORTED_NAMES:
        tree.add(f"Apple/{name}")
    tree.add("Apple/1.jpg")
    refused = {f"Apple/{name}": "unsupported-name" for name in UNSUPPORTED_NAMES}
    assert read(tree.root) == {"Apple/1.jpg": b"photograph", **refused}


@pytest.mark.parametrize("key", ["Apple//1.jpg", "/Apple/1.jpg", "Apple/./1.jpg", "Apple/../1.jpg", "./1.jpg"])
def test_a_key_that_is_no_path_is_refused_and_never_read_as_another(prefix: Tree, key: str) -> None:
    prefix.add("Apple/1.jpg", b"another")
    prefix.add("1.jpg", b"another")
    prefix.add(key, b"another")
    assert read(prefix.root)[key] == "unsupported-name"


def test_a_name_that_obstore_keeps_for_files_it_writes_is_refused(folder: Tree) -> None:
    folder.add("Apple/1.jpg#2")
    folder.add("lot#2/1.jpg")
    assert read(folder.root) == {"Apple/1.jpg#2": "unsupported-name", "lot#2/1.jpg": b"photograph"}


@pytest.mark.parametrize("where", [b"Apple/\xff\xfe.jpg", b"\xff\xfe/1.jpg"])
def test_a_name_that_is_not_utf8_is_refused_and_the_others_read(folder: Tree, where: bytes) -> None:
    folder.add("Apple/1.jpg")
    path = Path(folder.root.path, os.fsdecode(where))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    shown = where.decode("utf-8", "backslashreplace")
    assert read(folder.root) == {"Apple/1.jpg": b"photograph", shown: "unsupported-name"}


@pytest.mark.parametrize("hidden", [".DS_Store", "Apple/._1.jpg", ".git/1.jpg", "_SUCCESS", "_temporary/0/1.jpg"])
def test_hidden_objects_are_ignored_and_counted(tree: Tree, hidden: str) -> None:
    tree.add("Apple/1.jpg")
    tree.add(hidden)
    listing = list_photographs(tree.root)
    assert (listing.photographs["path"].to_pylist(), listing.left_out.total) == (["Apple/1.jpg"], 1)


def test_a_hidden_folder_above_the_root_hides_nothing(folder: Tree) -> None:
    folder.root = folder.root.child(".cache/_photos")
    folder.add("Apple/1.jpg")
    assert paths_of(folder.root) == ["Apple/1.jpg"]


def test_folder_markers_of_s3_are_ignored(prefix: Tree) -> None:
    prefix.add("Apple/1.jpg")
    prefix.add("Apple/", b"")
    prefix.client.put_object(Bucket=prefix.root.bucket, Key="photos/", Body=b"")
    listing = list_photographs(prefix.root)
    assert (listing.photographs["path"].to_pylist(), listing.left_out.total) == (["Apple/1.jpg"], 2)


def test_a_link_that_leads_in_a_circle_gives_each_photograph_once(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    folder.add("Pear/deep/2.jpg")
    root = Path(folder.root.path)
    (root / "Apple" / "self").symlink_to(".")
    (root / "Pear" / "deep" / "up").symlink_to("..")
    (root / "all").symlink_to(root)
    assert paths_of(folder.root) == ["Apple/1.jpg", "Pear/deep/2.jpg"]


def test_a_linked_folder_is_listed_beside_the_one_it_leads_to(folder: Tree) -> None:
    folder.add("Training/Apple/1.jpg")
    folder.add(".hidden/other.jpg")
    root = Path(folder.root.path)
    (root / "Test").mkdir()
    (root / "Test" / "Apple").symlink_to(root / "Training" / "Apple")
    (root / ".hidden" / "Apple").symlink_to(root / "Training" / "Apple")
    assert paths_of(folder.root) == ["Test/Apple/1.jpg", "Training/Apple/1.jpg"]


def test_a_linked_photograph_is_read(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    Path(folder.root.path, "Apple/2.jpg").symlink_to("1.jpg")
    assert read(folder.root) == {"Apple/1.jpg": b"photograph", "Apple/2.jpg": b"photograph"}


def test_a_link_to_nothing_is_refused_and_the_others_read(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    Path(folder.root.path, "Apple/gone.jpg").symlink_to("nowhere.jpg")
    Path(folder.root.path, "Apple/loop.jpg").symlink_to("loop.jpg")
    refused = {"Apple/gone.jpg": "unreadable", "Apple/loop.jpg": "unreadable"}
    assert read(folder.root) == {"Apple/1.jpg": b"photograph", **refused}


def test_a_pipe_or_a_socket_is_refused_without_waiting_for_it(folder: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.add("Apple/1.jpg")
    os.mkfifo(Path(folder.root.path, "Apple/pipe.jpg"))
    monkeypatch.chdir(Path(folder.root.path, "Apple"))  # a socket's path has at most 107 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        found = read(folder.root)
    assert found == {"Apple/1.jpg": b"photograph", "Apple/pipe.jpg": "not-an-image", "Apple/socket.jpg": "not-an-image"}


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=f"no folder {tmp_path}/nowhere; give --images a folder"):
        list_photographs(Location.parse(f"{tmp_path}/nowhere"))


def test_a_file_in_place_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(JobError, match=f"no folder {tmp_path}/file"):
        list_photographs(Location.parse(f"{tmp_path}/file"))


def test_a_missing_bucket_is_refused(s3: Any) -> None:
    with pytest.raises(JobError, match=r"cannot list s3://there-is-none/photos: .*NoSuchBucket.*; check the name"):
        list_photographs(Location.parse("s3://there-is-none/photos"))


def test_an_empty_folder_is_refused(folder: Tree) -> None:
    with pytest.raises(JobError, match=r"no photograph under .*/photos \(nothing at all\); .*check --images"):
        list_photographs(folder.root)


def test_an_empty_prefix_is_refused(prefix: Tree) -> None:
    with pytest.raises(JobError, match=r"no photograph under s3://.*/photos \(nothing at all\)"):
        list_photographs(prefix.root)


def test_a_root_with_hidden_objects_only_is_refused_and_says_so(tree: Tree) -> None:
    tree.add(".DS_Store")
    tree.add("_temporary/1.jpg")
    with pytest.raises(JobError, match=r"\(1 (?:hidden files|files of systems and programs), such as"):
        list_photographs(tree.root)


# ---- versions


def test_a_listing_is_the_same_until_a_photograph_changes(tree: Tree) -> None:
    tree.add("Apple/1.jpg", b"first")
    tree.add("Apple/2.jpg", b"other")
    before = photographs_of(list_photographs(tree.root))
    assert photographs_of(list_photographs(tree.root)) == before
    tree.add("Apple/1.jpg", b"second")
    after = photographs_of(list_photographs(tree.root))
    assert (after[0].etag != before[0].etag, after[1]) == (True, before[1])


def test_a_photograph_changed_to_the_same_size_has_another_version(tree: Tree) -> None:
    tree.add("Apple/1.jpg", b"first")
    tree.age("Apple/1.jpg")
    before = photographs_of(list_photographs(tree.root))
    tree.add("Apple/1.jpg", b"other")
    assert photographs_of(list_photographs(tree.root))[0].etag != before[0].etag


@pytest.mark.parametrize(
    "nanoseconds",
    [0, 1, 999, 1_700_000_000_123_456_789, 1_700_000_000_999_999_999, -1, -1_500_000_001, 15_000_000_000_000_000_001],
)
def test_a_file_of_any_age_has_one_version_in_listing_and_reading(folder: Tree, nanoseconds: int) -> None:
    folder.add("Apple/1.jpg")
    os.utime(Path(folder.root.path, "Apple/1.jpg"), ns=(0, nanoseconds))
    assert read(folder.root) == {"Apple/1.jpg": b"photograph"}


def test_a_rendered_sample_is_told_by_its_marker(tree: Tree) -> None:
    tree.add("_sample.json", b'{"rendered": true}')
    assert is_rendered(tree.root)


@pytest.mark.parametrize("marker", [None, b"{", b"[]", b'{"rendered": "yes"}', b"\xff"])
def test_any_other_root_is_not_taken_for_a_rendered_sample(tree: Tree, marker: bytes | None) -> None:
    tree.add("Apple/1.jpg")
    if marker is not None:
        tree.add("_sample.json", marker)
    assert not is_rendered(tree.root)


# ---- trouble between listing and reading


def test_a_photograph_that_vanishes_after_the_listing_is_refused(tree: Tree) -> None:
    tree.add("Apple/1.jpg")
    tree.add("Apple/2.jpg")
    listed = photographs_of(list_photographs(tree.root))
    tree.remove("Apple/1.jpg")
    assert read(tree.root, listed) == {"Apple/1.jpg": "vanished", "Apple/2.jpg": b"photograph"}


def test_a_photograph_changed_after_the_listing_is_refused_and_taken_by_the_next(tree: Tree) -> None:
    tree.add("Apple/1.jpg", b"before")
    listed = photographs_of(list_photographs(tree.root))
    tree.add("Apple/1.jpg", b"afterwards")
    assert read(tree.root, listed) == {"Apple/1.jpg": "changed"}
    assert read(tree.root) == {"Apple/1.jpg": b"afterwards"}


def test_a_folder_in_place_of_a_listed_file_is_refused(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    listed = photographs_of(list_photographs(folder.root))
    folder.remove("Apple/1.jpg")
    Path(folder.root.path, "Apple/1.jpg").mkdir()
    assert read(folder.root, listed) == {"Apple/1.jpg": "vanished"}


def test_an_object_that_may_not_be_read_is_refused_and_the_others_read(prefix: Tree) -> None:
    prefix.add("Apple/1.jpg")
    # Encrypted with a customer's key, which the job does not have: S3 answers 400 to the reader.
    prefix.client.put_object(
        Bucket=prefix.root.bucket,
        Key="photos/Apple/secret.jpg",
        Body=b"x",
        SSECustomerAlgorithm="AES256",
        SSECustomerKey=b"k" * 32,
    )
    assert read(prefix.root) == {"Apple/1.jpg": b"photograph", "Apple/secret.jpg": "unreadable"}


def test_an_object_that_is_too_large_is_refused_unread(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    with Path(folder.root.path, "Apple/huge.tiff").open("wb") as file:
        file.truncate(40 * MAX_BYTES)  # sparse: reading it would take its size in memory
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(folder.root) == {"Apple/1.jpg": b"photograph", "Apple/huge.tiff": "too-large"}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MAX_BYTES


def test_an_object_that_grew_since_the_listing_is_refused_unread(folder: Tree) -> None:
    folder.add("Apple/1.jpg")
    listed = photographs_of(list_photographs(folder.root))
    with Path(folder.root.path, "Apple/1.jpg").open("ab") as file:
        file.truncate(40 * MAX_BYTES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(folder.root, listed) == {"Apple/1.jpg": "changed"}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MAX_BYTES


def test_an_object_of_the_largest_size_is_read(folder: Tree) -> None:
    with_limit = bytes(MAX_BYTES)
    folder.add("Apple/1.jpg", with_limit)
    assert read(folder.root) == {"Apple/1.jpg": with_limit}


def test_a_bucket_that_vanishes_after_the_listing_refuses_each_photograph(prefix: Tree) -> None:
    prefix.add("Apple/1.jpg")
    listed = photographs_of(list_photographs(prefix.root))
    prefix.remove("Apple/1.jpg")
    prefix.client.delete_bucket(Bucket=prefix.root.bucket)
    assert read(prefix.root, listed) == {"Apple/1.jpg": "vanished"}
