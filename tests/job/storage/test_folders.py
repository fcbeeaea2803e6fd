"""Folders of Spark's as objects, and deletions, which no library repeats."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from job.storage.folders import move_folder, put_folder
from job.storage.locations import Location
from job.storage.store import ResultStore
from tests.counted_s3 import FREE, CountedS3, Fault, counted_s3

SPARKS = "data/part-00000-65324ec2-6e26-4a0c-8545-4defcc5c5e05-c000.snappy.parquet"
NAMED = "model/data/part-00000.snappy.parquet"


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    """A store with a model of an older run."""
    s3 = request.param == "s3"
    made = f"s3://{request.getfixturevalue('bucket')}/results" if s3 else str(tmp_path / "results")
    found = ResultStore(Location.parse(made))
    for path in (NAMED, "model/data/part-00001.snappy.parquet"):
        found.put(path, b"older")
    return found


def test_a_folder_that_spark_wrote_is_moved_under_names_that_stay(store: ResultStore) -> None:
    for path in (SPARKS, "data/_SUCCESS", f"data/.{SPARKS.removeprefix('data/')}.crc"):
        store.put(f"scratch/1/{path}", path.encode())
    move_folder(store, "scratch/1", "model")
    assert store.paths("scratch") == []
    assert store.paths("model") == ["model/data/_SUCCESS", NAMED]
    assert store.get(NAMED) == SPARKS.encode()


def test_a_folder_of_this_machine_is_written_under_names_that_stay(store: ResultStore, tmp_path: Path) -> None:
    (tmp_path / "spark" / "data").mkdir(parents=True)
    for path in (SPARKS, "data/_SUCCESS", "data/.hidden.crc"):
        (tmp_path / "spark" / path).write_bytes(path.encode())
    put_folder(store, "model", tmp_path / "spark")
    assert store.paths("model") == ["model/data/_SUCCESS", NAMED]


@pytest.fixture
def door(s3: Any, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedS3]:
    with counted_s3(s3_endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        yield counted


@pytest.mark.server
def test_a_deletion_whose_connection_is_cut_is_asked_for_again(door: CountedS3, bucket: str) -> None:
    store = ResultStore(Location.parse(f"s3://{bucket}/results"))
    store.put("model/one", b"1")
    faults: Iterator[Fault] = iter(["unheard", "unheard"])
    door.fault = lambda row: next(faults, None) if row == FREE else None
    store.delete(["model/one"])
    assert (door.faults, store.paths("model")) == ({"unheard": 2}, [])
