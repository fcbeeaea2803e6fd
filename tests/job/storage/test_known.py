"""An index of the batches that may be lost, old, damaged or doubled: it saves requests, and changes no answer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import obstore
import pyarrow as pa
import pytest

from job.storage import index
from job.storage.index import Index, build_index, drop_stale
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA, QUARANTINE_SCHEMA

MODEL = "0123456789abcdef"
ROOT = Location.parse("/photos")
BATCHES = 5


def _table(schema: pa.Schema, *names: str) -> pa.Table:
    facts = {"label": "fig", "bytes": 9, "etag": "v", "width": 1, "height": 1, "feature": [1.5]}
    facts |= {"reason": "damaged", "detail": "broken"}
    return pa.Table.from_pylist([{"uri": f"{ROOT.uri}/fig/{name}.jpg", **facts} for name in names], schema=schema)


def _commit(store: ResultStore, number: int) -> None:
    store.commit_batch(
        MODEL, _table(FEATURES_SCHEMA, f"{number}a", f"{number}b"), _table(QUARANTINE_SCHEMA, f"{number}c")
    )


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    local = request.param == "local"
    store = ResultStore(
        Location.parse(str(tmp_path / "results") if local else f"s3://{request.getfixturevalue('bucket')}/results")
    )
    for number in range(BATCHES):
        _commit(store, number)
    return store


def _names() -> list[str]:
    return [f"{number}{letter}" for number in range(BATCHES) for letter in "abc"]


def _index(store: ResultStore, names: list[str] | None = None) -> Index:
    names = names or _names()
    listed = pa.table({"path": [f"fig/{name}.jpg" for name in names], "etag": ["v"] * len(names)})
    return build_index(store, MODEL, ROOT, listed)


def _same(one: Index, other: Index) -> bool:
    arrays = ("featurized", "quarantined", "permanent")
    tables = one.quarantine.equals(other.quarantine)
    same = one.selections == other.selections and one.stale == other.stale and tables
    return same and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the batches that are read themselves."""
    paths: list[str] = []
    entry = index._entry

    def reading(store: ResultStore, path: str, *rest: object) -> object:
        paths.append(path)
        return entry(store, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "_entry", reading)
    return paths


def test_a_batch_that_is_known_is_not_read_again(store: ResultStore, read: list[str]) -> None:
    first = _index(store)
    assert len(read) == 2 * BATCHES
    read.clear()
    assert _same(_index(store), first)
    assert read == []


def test_only_a_batch_that_is_new_is_read(store: ResultStore, read: list[str]) -> None:
    _index(store)
    read.clear()
    store.commit_batch(MODEL, _table(FEATURES_SCHEMA, "new"), QUARANTINE_SCHEMA.empty_table())
    assert not _index(store, [*_names(), "new"]).pending.any()
    assert len(read) == 1


def _lose(store: ResultStore, path: str) -> None:
    store.delete([path])


def _flip(store: ResultStore, path: str) -> None:
    content = bytearray(store.get(path))
    content[len(content) // 2] ^= 1
    store.put(path, bytes(content))


HARM: dict[str, Callable[[ResultStore, str], None]] = {
    "lost": _lose,
    "with a bit flipped": _flip,
    "emptied": lambda store, path: store.put(path, b""),
    "cut": lambda store, path: store.put(path, store.get(path)[:-9]),
}


@pytest.mark.parametrize("harm", HARM)
def test_an_index_that_is_harmed_changes_nothing_and_is_made_again(
    store: ResultStore, read: list[str], harm: str
) -> None:
    first = _index(store)
    HARM[harm](store, *store.paths("index"))
    assert _same(_index(store), first)
    read.clear()
    assert _same(_index(store), first)
    assert read == []


def test_an_old_index_hides_no_batch_and_invents_none(store: ResultStore) -> None:
    _index(store)
    path = store.paths("index")[0]
    old = store.get(path)
    store.commit_batch(MODEL, _table(FEATURES_SCHEMA, "new"), QUARANTINE_SCHEMA.empty_table())
    gone = store.paths("features")[0]
    _index(store)
    store.delete([*store.paths("index"), gone])
    store.put(path, old)
    found = _index(store, [*_names(), "new"])
    assert found.featurized[-1]
    assert found.pending.sum() == (1 if gone.endswith("-1.parquet") else 2)


def test_a_batch_that_is_written_over_is_read_again(store: ResultStore) -> None:
    _index(store)
    path = store.paths("features")[0]
    store.put(path, b"of somebody else")
    assert _index(store).pending.sum() == 2
    assert store.upkeep.set_aside.keys() == {path}


def test_what_two_runs_at_once_have_kept_is_joined(store: ResultStore, read: list[str]) -> None:
    _index(store)
    one = store.get(store.paths("index")[0])
    path = store.paths("index")[0]
    _commit(store, BATCHES)
    _index(store)
    store.put(path, one)
    assert len(store.paths("index")) == 2
    read.clear()
    _index(store)
    assert read == []
    assert len(store.paths("index")) == 1


def test_roots_have_indexes_of_their_own(store: ResultStore) -> None:
    first = _index(store)
    build_index(store, MODEL, Location.parse("/photos/fig"), pa.table({"path": ["0a.jpg"], "etag": ["v"]}))
    assert len(store.paths("index")) == 2
    assert _same(_index(store), first)


def test_rows_that_are_dropped_do_not_come_back_with_the_index(store: ResultStore) -> None:
    _index(store)
    kept = [name for name in _names() if name not in {"0a", "1c"}]
    drop_stale(store, _index(store, kept))
    found = _index(store, kept)
    assert found.stale == []
    assert not found.pending.any()
    assert _index(store).pending.sum() == 2


@pytest.mark.parametrize("store", [pytest.param("s3", marks=pytest.mark.server)], indirect=True)
def test_the_requests_of_an_index_do_not_grow_with_the_batches(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _index(store)
    few = list(_requests(store, monkeypatch))
    for number in range(BATCHES, 4 * BATCHES):
        _commit(store, number)
    _index(store)
    assert len(list(_requests(store, monkeypatch))) == len(few) <= 5


def _requests(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the calls of obstore that an index makes; each is one request here, where all listings have one page."""
    made: list[str] = []
    with monkeypatch.context() as patch:
        for name in ("get", "get_range", "head", "list", "put", "delete"):
            call = getattr(obstore, name)

            def counting(
                *arguments: object, call: Callable[..., object] = call, name: str = name, **more: object
            ) -> object:
                made.append(name)
                return call(*arguments, **more)

            patch.setattr(obstore, name, counting)
        _index(store)
    return iter(made)
