"""Files that count only once they are on the disk."""

import os
from pathlib import Path

import pytest

from job.storage.durable import write_durably


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Paths in the order in which they were brought to the disk."""
    paths: list[Path] = []
    sync = os.fsync

    def record(descriptor: int) -> None:
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return paths


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the names of open files are Linux's to tell")
def test_content_is_on_the_disk_before_its_name_and_then_each_folder_that_was_made(
    tmp_path: Path, synced: list[Path]
) -> None:
    write_durably(tmp_path, "a/b/file", b"content")
    assert synced[0].name.startswith("file#")
    assert synced[1:] == [tmp_path / "a" / "b", tmp_path / "a", tmp_path]
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_durably(tmp_path, "file", b"before")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(tmp_path, "file", b"after")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"before")]
