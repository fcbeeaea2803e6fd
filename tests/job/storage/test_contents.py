"""Results count as whole if each object is there as the run has written it, and nothing else in their folders."""

from collections.abc import Callable
from pathlib import Path

import pytest

from job.storage.contents import is_whole, write_contents
from job.storage.layout import EXPORTS, PROJECTIONS, ComponentsFolder, RunFolder
from job.storage.locations import Location
from job.storage.store import ResultStore

RUN = "0123456789abcdef"
NAME = f"{'a' * 32}-5"
REPORT, COMPONENTS = RunFolder(RUN), ComponentsFolder(RUN)
FEATURES = (f"features/model=0/{NAME}.parquet",)
RESULTS = (
    *FEATURES,
    REPORT.page,
    REPORT.manifest,
    REPORT.listing,
    COMPONENTS.arrays,
    f"{COMPONENTS.model}/metadata/part-00000",
    f"{PROJECTIONS.partition(RUN)}/{NAME}.parquet",
    f"{EXPORTS.partition(RUN)}/{NAME}.csv",
)


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    local = request.param == "local"
    where = str(tmp_path / "results") if local else f"s3://{request.getfixturevalue('bucket')}/results"
    store = ResultStore(Location.parse(where))
    for path in RESULTS:
        store.put(path, b"content of " + path.encode())
    write_contents(store, RUN, FEATURES)
    return store


def _flip(store: ResultStore, path: str) -> None:
    content = store.get(path)
    store.put(path, content[:-1] + bytes([content[-1] ^ 1]))


DAMAGES: dict[str, Callable[[ResultStore, str], None]] = {
    "deleted": lambda store, path: store.delete([path]),
    "emptied": lambda store, path: store.put(path, b""),
    "cut": lambda store, path: store.put(path, store.get(path)[:-1]),
    "a bit flipped": _flip,
}


def test_results_as_they_were_written_are_whole(store: ResultStore) -> None:
    assert is_whole(store, RUN, FEATURES)
    store.put(REPORT.plan, b"of a run that is at work beside it")
    assert is_whole(store, RUN, FEATURES)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("path", [*RESULTS, REPORT.contents])
def test_each_object_that_is_damaged_is_noticed(store: ResultStore, path: str, damage: str) -> None:
    DAMAGES[damage](store, path)
    assert not is_whole(store, RUN, FEATURES)


def test_results_that_have_more_than_was_written_are_not_whole(store: ResultStore) -> None:
    store.put(f"{PROJECTIONS.partition(RUN)}/{'b' * 32}-7.parquet", b"of another division into batches")
    assert not is_whole(store, RUN, FEATURES)


@pytest.mark.parametrize(
    "path",
    [
        f"{PROJECTIONS.partition(RUN)}/.DS_Store",
        f"{PROJECTIONS.partition(RUN)}/_SUCCESS",
        f"{COMPONENTS.model}/metadata/.part-00000.crc",
        f"{REPORT.path}/notes.txt",
        f"features/model=0/{'b' * 32}-7.parquet",
    ],
)
def test_what_others_have_put_beside_the_results_leaves_them_whole(store: ResultStore, path: str) -> None:
    store.put(path, b"of another run, or of somebody else")
    assert is_whole(store, RUN, FEATURES)


@pytest.mark.parametrize("content", [b"[]", b"[" * 100_000])
def test_contents_that_are_json_but_no_contents_are_not_believed(store: ResultStore, content: bytes) -> None:
    store.put(REPORT.contents, content)
    assert not is_whole(store, RUN, FEATURES)
