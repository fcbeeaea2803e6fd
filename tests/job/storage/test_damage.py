"""A store with damage in it: each kind is noticed, named, and costs the batch alone; what is not ours is left alone."""

import logging
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from job.errors import JobError
from job.storage.index import Index, build_index
from job.storage.layout import FEATURES
from job.storage.locations import Location
from job.storage.names import batch_name
from job.storage.parquet import Damaged, digest, encode
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA, QUARANTINE_SCHEMA

MODEL = "0123456789abcdef"
ROOT = Location.parse("/photos")
NAMES = ("1", "2", "3")


def _table(schema: pa.Schema, names: tuple[str, ...]) -> pa.Table:
    facts = {"label": "fig", "bytes": 9, "etag": "v", "width": 1, "height": 1, "feature": [1.5] * 64}
    facts |= {"reason": "damaged", "detail": "broken"}
    rows = [{"uri": f"{ROOT.uri}/fig/{name}.jpg", **facts} for name in names]
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """Features of two photographs in one batch and of a third in another, and one photograph in quarantine."""
    store = ResultStore(Location.parse(str(tmp_path / "results")))
    store.commit_batch(MODEL, _table(FEATURES_SCHEMA, ("1", "2")), _table(QUARANTINE_SCHEMA, ("4",)))
    store.commit_batch(MODEL, _table(FEATURES_SCHEMA, ("3",)), QUARANTINE_SCHEMA.empty_table())
    return store


def _index(store: ResultStore) -> Index:
    listed = pa.table({"path": [f"fig/{name}.jpg" for name in (*NAMES, "4")], "etag": ["v"] * 4})
    return build_index(store, MODEL, ROOT, listed)


def _file(store: ResultStore, folder: str, rows: int) -> Path:
    return next(Path(store.output.path, folder).rglob(f"*-{rows}.parquet"))


def test_a_sound_batch_of_another_model_is_set_aside(store: ResultStore) -> None:
    other = "fedcba9876543210"
    file = _file(store, "features", 2)
    moved = file.parent.with_name(f"model={other}") / file.name
    moved.parent.mkdir()
    file.rename(moved)
    listed = pa.table({"path": ["fig/1.jpg", "fig/2.jpg"], "etag": ["v", "v"]})
    assert build_index(store, other, ROOT, listed).pending.tolist() == [True, True]
    assert not moved.exists()
    assert Path(store.output.path, "damaged", moved.relative_to(store.output.path)).exists()


def test_a_batch_of_before_its_folder_was_noted_counts(store: ResultStore) -> None:
    content = encode(FEATURES_SCHEMA, [_table(FEATURES_SCHEMA, ("4",))])
    store.put(f"{FEATURES.partition(MODEL)}/{batch_name(digest(content), 1)}", content)
    assert _index(store).pending.tolist() == [False] * 4


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _content: b"",
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut at its end": lambda content: content[:-1],
    "an error page": lambda _content: b"<Error><Code>InternalError</Code></Error>",
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("folder", "lost"), [("features", [True, True, False, False]), ("quarantine", [False] * 3)])
def test_a_damaged_batch_is_set_aside_and_its_photographs_are_pending(
    store: ResultStore, folder: str, lost: list[bool], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = _file(store, folder, 2 if folder == "features" else 1)
    content = DAMAGES[damage](file.read_bytes())
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        index = _index(store)
    assert index.pending.tolist()[: len(lost)] == lost
    assert index.pending.tolist()[3] == (folder == "quarantine")
    kept = Path(store.output.path, "damaged", file.relative_to(store.output.path))
    assert not file.exists()
    assert kept.read_bytes() == content
    assert file.name in caplog.text
    assert _index(store).pending.tolist() == index.pending.tolist()


def test_each_single_flipped_bit_is_noticed_before_features_are_used(store: ResultStore) -> None:
    file = _file(store, "features", 2)
    path, content = file.relative_to(store.output.path).as_posix(), file.read_bytes()
    for place in range(0, len(content), 7):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        with pytest.raises(Damaged, match=file.name):
            store.read_batch(path, ["feature"])
    file.write_bytes(content)
    assert store.read_batch(path, ["feature"]).num_rows == 2


def test_a_flipped_bit_of_a_page_is_noticed_where_columns_alone_are_read(store: ResultStore) -> None:
    file = _file(store, "features", 2)
    content = file.read_bytes()
    place = content.index(b"(\xb5/\xfd") + 6  # in the first page, which Zstandard begins so (RFC 8878, 3.1.1)
    file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(Damaged):
        store.read_table(file.relative_to(store.output.path).as_posix(), ["uri"])


@pytest.mark.parametrize("name", ["_SUCCESS", ".DS_Store", "notes.parquet", "deep/part-0.parquet", "a-1.parquet.tmp"])
def test_what_is_not_ours_is_left_where_it_is_and_told(
    store: ResultStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("features", "quarantine"):
        store.put(f"{folder}/model={MODEL}/{name}", b"somebody else's")
    with caplog.at_level(logging.WARNING):
        index = _index(store)
    assert not index.pending.any()
    assert store.get(f"features/model={MODEL}/{name}") == b"somebody else's"
    assert f"objects that are no batches are ignored, such as features/model={MODEL}/{name}" in caplog.text
    assert store.committed(MODEL) == 4


def test_a_store_of_an_older_version_is_refused_by_name(store: ResultStore) -> None:
    store.put(f"features/model={MODEL}/{'0' * 24}-512.parquet", b"older")
    with pytest.raises(JobError, match=r"holds results of layout 1.*; give another --output"):
        _index(store)


def test_a_batch_that_goes_while_it_is_looked_at_is_none(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = store.batches(f"features/model={MODEL}")
    _file(store, "features", 2).unlink()
    monkeypatch.setattr(store, "batches", lambda folder: listed if folder.startswith("features") else {})
    assert _index(store).pending.tolist() == [True, True, False, True]
