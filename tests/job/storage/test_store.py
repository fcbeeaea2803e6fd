"""The features store: whole batches or nothing, the same names every time, and what a listing finds in it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from job.errors import JobError
from job.storage import index as index_module
from job.storage.index import RETRYABLE_REASONS, Index, build_index, drop_stale
from job.storage.locations import Location
from job.storage.selections import SELECTIONS, Selection, balance
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA, PROJECTIONS_SCHEMA, QUARANTINE_SCHEMA, feature_matrix

ROOT = "file:///photos"
MODEL = "0123456789abcdef"
OTHER_MODEL = "fedcba9876543210"
NO_FEATURES = FEATURES_SCHEMA.empty_table()
NO_QUARANTINE = QUARANTINE_SCHEMA.empty_table()


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    if request.param == "local":
        return ResultStore(Location.parse(str(tmp_path / "results")))
    return ResultStore(Location.parse(f"s3://{request.getfixturevalue('bucket')}/results"))


@pytest.fixture
def local_store(tmp_path: Path) -> ResultStore:
    return ResultStore(Location.parse(str(tmp_path / "results")))


def versions(*names: str) -> list[tuple[str, str]]:
    """Name photographs as ``<number>`` or, in another version, ``<number>'``."""
    return [
        (f"{ROOT}/Apple/{name.rstrip(chr(39))}.jpg", "changed" if name.endswith("'") else "first") for name in names
    ]


def features(*names: str) -> pa.Table:
    """Rows of features that tell from which photograph they are."""
    rows = [
        {
            "uri": uri,
            "label": "Apple",
            "bytes": 9,
            "etag": etag,
            "width": 100,
            "height": 100,
            "feature": [float(ord(name[0]))],
        }
        for name, (uri, etag) in zip(names, versions(*names), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FEATURES_SCHEMA)


def quarantine(*names: str, reason: str = "damaged") -> pa.Table:
    rows = [
        {"uri": uri, "label": "Apple", "bytes": 9, "etag": etag, "reason": reason, "detail": "broken"}
        for uri, etag in versions(*names)
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)


def listing(*names: str) -> pa.Table:
    rows = [{"path": uri.removeprefix(f"{ROOT}/"), "etag": etag} for uri, etag in versions(*names)]
    return pa.Table.from_pylist(rows)


def index_of(store: ResultStore, *names: str) -> Index:
    return build_index(store, MODEL, Location.parse(ROOT), listing(*names))


def selected(store: ResultStore, index: Index) -> list[str]:
    """Names of the photographs whose features a run would use."""
    tables = [selection.read(store, ["uri", "feature"]) for selection in index.selections]
    assert [table.num_rows for table in tables] == [selection.count for selection in index.selections]
    rows = [row for table in tables for row in table.to_pylist()]
    names = [row["uri"].rpartition("/")[2].removesuffix(".jpg") for row in rows]
    assert [row["feature"] for row in rows] == [[float(ord(name[0]))] for name in names]
    return sorted(names)


# ---- objects


def test_a_table_that_is_put_is_read_back(store: ResultStore) -> None:
    store.put_table("features/x.parquet", features("1", "2"))
    assert store.read_table("features/x.parquet").equals(features("1", "2"))
    assert store.read_table("features/x.parquet", ["etag", "uri"]).column_names == ["etag", "uri"]


@pytest.mark.parametrize("schema", [FEATURES_SCHEMA, QUARANTINE_SCHEMA, PROJECTIONS_SCHEMA])
def test_every_table_keeps_its_schema_for_other_readers(local_store: ResultStore, schema: pa.Schema) -> None:
    local_store.put_table("x.parquet", schema.empty_table())
    assert local_store.read_table("x.parquet").schema.equals(schema)


def test_the_same_table_gives_the_same_bytes(local_store: ResultStore) -> None:
    local_store.put_table("x.parquet", features("1", "2"))
    local_store.put_table("y.parquet", features("1", "2"))
    assert local_store.get("x.parquet") == local_store.get("y.parquet")


def test_an_object_is_there_once_it_is_put_and_until_it_is_deleted(store: ResultStore) -> None:
    assert store.paths("a") == []
    store.put("a/x.bin", b"content")
    assert store.paths("a") == ["a/x.bin"]
    assert store.get("a/x.bin") == b"content"
    store.delete(["a/x.bin", "a/never-there.bin"])
    assert store.paths("a") == []


def test_what_cannot_be_deleted_is_named_with_the_reason(local_store: ResultStore) -> None:
    local_store.put("folder/x.bin", b"x")
    with pytest.raises(JobError, match=r"^cannot delete .*/folder: .*; check the right to delete$"):
        local_store.delete(["folder"])


def test_paths_are_those_below_the_folder_sorted(store: ResultStore) -> None:
    for path in ("features/b.bin", "features/deep/a.bin", "features-of-old/c.bin", "other/d.bin"):
        store.put(path, b"x")
    assert store.paths("features") == ["features/b.bin", "features/deep/a.bin"]
    assert store.paths("nothing") == []


def test_a_file_in_place_of_the_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_bytes(b"x")
    with pytest.raises(JobError, match=r"cannot open the output file://.*/results: .*; check --output$"):
        ResultStore(Location.parse(str(tmp_path / "results")))


def test_an_output_where_nothing_can_be_made_is_refused() -> None:
    with pytest.raises(JobError, match=r"cannot open the output file:///proc/results"):
        ResultStore(Location.parse("/proc/results"))


def test_an_output_that_cannot_be_written_is_an_error_that_names_the_object(s3: Any) -> None:
    store = ResultStore(Location.parse("s3://there-is-none/results"))
    with pytest.raises(
        JobError, match=r"cannot write s3://there-is-none/results/a/x.bin: 404 NoSuchBucket: .*; check the name of the"
    ) as refused:
        store.put("a/x.bin", b"content")
    assert "\n" not in str(refused.value)


def test_an_output_that_cannot_be_listed_is_an_error(s3: Any) -> None:
    with pytest.raises(JobError, match=r"cannot list s3://there-is-none/results: 404 NoSuchBucket: .*; check the name"):
        ResultStore(Location.parse("s3://there-is-none/results")).paths("features")


def test_the_features_are_a_matrix() -> None:
    table = pa.Table.from_pylist(
        [{"feature": [1.0, 2.0]}, {"feature": [3.0, 4.0]}, {"feature": [5.0, 6.0]}],
        schema=pa.schema([FEATURES_SCHEMA.field("feature")]),
    )
    assert feature_matrix(table).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert feature_matrix(table.slice(1, 1)).tolist() == [[3, 4]]
    assert feature_matrix(table.take(pa.array([2, 0]))).tolist() == [[5, 6], [1, 2]]


# ---- batches


def test_a_batch_is_named_by_what_is_in_it(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1", "2"), quarantine("3"))
    local_store.commit_batch(MODEL, features("1", "2"), quarantine("3"))
    local_store.commit_batch(MODEL, features("1", "2'"), NO_QUARANTINE)
    assert len(local_store.paths(f"features/model={MODEL}")) == 2
    assert len(local_store.paths(f"quarantine/model={MODEL}")) == 1


def test_a_batch_without_rows_of_a_kind_writes_no_object_of_it(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1"), NO_QUARANTINE)
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("2"))
    assert [len(local_store.paths(kind)) for kind in ("features", "quarantine")] == [1, 1]


def test_a_write_that_was_cut_short_is_not_seen(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1"), NO_QUARANTINE)
    (committed,) = local_store.paths("features")
    # What a kill leaves of a write on this machine: obstore's file under its temporary name.
    Path(local_store.output.path, f"{committed}#1").write_bytes(local_store.get(committed)[:50])
    assert local_store.paths("features") == [committed]
    assert selected(local_store, index_of(local_store, "1")) == ["1"]


# ---- the index


def test_an_empty_store_leaves_everything_pending(store: ResultStore) -> None:
    index = index_of(store, "1", "2")
    assert index.pending.tolist() == [True, True]
    assert (index.selections, index.quarantine, index.stale) == ([], NO_QUARANTINE, [])


def test_featurized_and_quarantined_photographs_are_not_pending(store: ResultStore) -> None:
    store.commit_batch(MODEL, features("1", "2"), quarantine("3"))
    index = index_of(store, "0", "1", "2", "3", "4")
    assert index.featurized.tolist() == [False, True, True, False, False]
    assert index.quarantined.tolist() == [False, False, False, True, False]
    assert index.pending.tolist() == [True, False, False, False, True]
    assert selected(store, index) == ["1", "2"]
    assert index.quarantine.equals(quarantine("3"))
    assert index.reasons == {"damaged": 1}


def test_a_batch_that_is_wanted_whole_is_read_whole(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1", "2"), NO_QUARANTINE)
    (selection,) = index_of(local_store, "1", "2", "3").selections
    assert (selection.rows, selection.count) == (None, 2)


def test_only_the_rows_of_the_listing_are_selected(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1", "2", "3", "4"), NO_QUARANTINE)
    local_store.commit_batch(MODEL, features("5", "6"), NO_QUARANTINE)
    index = index_of(local_store, "2", "4")
    assert [(selection.rows, selection.count) for selection in index.selections] == [([1, 3], 2)]
    assert selected(local_store, index) == ["2", "4"]


def test_a_changed_photograph_is_pending_and_its_old_features_are_not_selected(store: ResultStore) -> None:
    store.commit_batch(MODEL, features("1", "2"), quarantine("3"))
    index = index_of(store, "1'", "2", "3'")
    assert index.pending.tolist() == [True, False, True]
    assert selected(store, index) == ["2"]


@pytest.mark.parametrize("reason", RETRYABLE_REASONS)
def test_a_reason_that_may_pass_is_tried_again_and_counted_meanwhile(local_store: ResultStore, reason: str) -> None:
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("1", reason=reason))
    index = index_of(local_store, "1")
    assert (index.pending.tolist(), index.quarantined.tolist()) == ([True], [True])
    assert index.reasons == {reason: 1}


@pytest.mark.parametrize(
    "reason", ["empty", "not-an-image", "too-many-pixels", "truncated", "damaged", "too-large", "unsupported-name"]
)
def test_a_reason_that_lasts_is_not_tried_again(local_store: ResultStore, reason: str) -> None:
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("1", reason=reason))
    assert index_of(local_store, "1").pending.tolist() == [False]


def test_reasons_are_those_of_the_photographs_they_belong_to(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("3", "4", reason="vanished"))
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("1", "2", reason="damaged"))
    index = index_of(local_store, "2", "3", "4", "1")
    assert index.permanent.tolist() == [True, False, False, True]
    assert index.quarantine["reason"].to_pylist() == ["damaged", "vanished", "vanished", "damaged"]
    assert index.reasons == {"damaged": 2, "vanished": 2}


def test_a_photograph_that_was_in_quarantine_and_has_features_now_counts_as_featurized(
    local_store: ResultStore,
) -> None:
    local_store.commit_batch(MODEL, NO_FEATURES, quarantine("1", reason="unreadable"))
    local_store.commit_batch(MODEL, features("1"), NO_QUARANTINE)
    index = index_of(local_store, "1")
    assert (index.featurized.tolist(), index.quarantined.tolist()) == ([True], [False])
    assert index.quarantine.num_rows == 0


def test_a_photograph_in_two_batches_is_selected_once(store: ResultStore) -> None:
    store.commit_batch(MODEL, features("1", "2", "3"), NO_QUARANTINE)
    store.commit_batch(MODEL, features("2", "3", "4"), NO_QUARANTINE)
    index = index_of(store, "1", "2", "3", "4")
    assert selected(store, index) == ["1", "2", "3", "4"]
    assert sum(selection.count for selection in index.selections) == 4


def test_of_two_batches_with_the_same_photographs_the_first_by_name_counts(local_store: ResultStore) -> None:
    names = [f"{number:03}" for number in range(100)]
    local_store.commit_batch(MODEL, features(*names), NO_QUARANTINE)
    local_store.commit_batch(MODEL, features(*reversed(names)), NO_QUARANTINE)
    (selection,) = index_of(local_store, *names).selections
    assert (selection.path, selection.rows) == (local_store.paths("features")[0], None)


def test_another_models_features_are_not_taken(local_store: ResultStore) -> None:
    local_store.commit_batch(OTHER_MODEL, features("1"), quarantine("2"))
    assert index_of(local_store, "1", "2").pending.tolist() == [True, True]


def test_uris_and_versions_do_not_run_into_each_other(local_store: ResultStore) -> None:
    row = {"uri": f"{ROOT}/a", "label": "x", "bytes": 1, "etag": "bc", "width": 1, "height": 1, "feature": [1.0]}
    local_store.commit_batch(MODEL, pa.Table.from_pylist([row], schema=FEATURES_SCHEMA), NO_QUARANTINE)
    other = pa.table([["ab"], ["c"]], ["path", "etag"])
    assert build_index(local_store, MODEL, Location.parse(ROOT), other).featurized.tolist() == [False]


# ---- stale rows


def test_rows_of_photographs_that_are_gone_or_changed_are_stale(store: ResultStore) -> None:
    store.commit_batch(MODEL, features("1", "2", "3"), quarantine("4", "5"))
    store.commit_batch(MODEL, features("6", "7"), NO_QUARANTINE)
    index = index_of(store, "1", "3'", "4", "6", "7")
    assert [(selection.rows, selection.count) for selection in index.stale] == [([0], 1), ([0], 1)]


def test_dropping_stale_rows_leaves_those_of_the_listing(store: ResultStore) -> None:
    store.commit_batch(MODEL, features("1", "2", "3"), quarantine("4", "5"))
    store.commit_batch(MODEL, features("6", "7"), quarantine("8"))
    drop_stale(store, index_of(store, "1", "3", "4"))
    index = index_of(store, "1", "3", "4")
    assert selected(store, index) == ["1", "3"]
    assert index.quarantine.equals(quarantine("4"))
    assert index.stale == []
    tables = [store.read_table(path) for path in store.paths("features") + store.paths("quarantine")]
    assert sorted(table.num_rows for table in tables) == [1, 2]


def test_dropping_stale_rows_keeps_those_of_other_roots_and_models(local_store: ResultStore) -> None:
    elsewhere = features("1", "2").set_column(0, "uri", pa.array(["file:///photos-of-old/1.jpg", "s3://bucket/2.jpg"]))
    local_store.commit_batch(MODEL, elsewhere, NO_QUARANTINE)
    local_store.commit_batch(OTHER_MODEL, features("3"), NO_QUARANTINE)
    index = index_of(local_store, "9")
    assert index.stale == []
    drop_stale(local_store, index)
    assert len(local_store.paths("features")) == 2


def test_a_duplicate_row_is_dropped_once(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1", "2"), NO_QUARANTINE)
    local_store.commit_batch(MODEL, features("2", "3"), NO_QUARANTINE)
    drop_stale(local_store, index_of(local_store, "1", "2", "3"))
    index = index_of(local_store, "1", "2", "3")
    assert selected(local_store, index) == ["1", "2", "3"]
    assert index.stale == []


def test_a_kill_while_stale_rows_are_dropped_loses_nothing(local_store: ResultStore) -> None:
    local_store.commit_batch(MODEL, features("1", "2", "3"), NO_QUARANTINE)
    index = index_of(local_store, "1", "3")
    (stale,) = index.stale
    local_store.put_batch(
        f"features/model={MODEL}", stale.read(local_store)
    )  # written anew; the old one not yet deleted
    again = index_of(local_store, "1", "3")
    assert selected(local_store, again) == ["1", "3"]
    drop_stale(local_store, again)
    assert selected(local_store, index_of(local_store, "1", "3")) == ["1", "3"]


@pytest.mark.parametrize("first", range(8))
def test_rows_that_a_killed_run_has_written_twice_are_not_dropped_twice(
    local_store: ResultStore, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    # One after the other, in the order of names, of which those of four cases in eight are the wrong way round.
    monkeypatch.setattr(index_module, "_WRITERS", 1)
    gone, *kept = (f"{first}-{name}" for name in "abc")
    local_store.commit_batch(MODEL, features(gone, *kept), NO_QUARANTINE)
    (stale,) = index_of(local_store, *kept).stale
    local_store.put_batch(f"features/model={MODEL}", stale.read(local_store))
    drop_stale(local_store, index_of(local_store, *kept))
    index = index_of(local_store, *kept)
    assert (selected(local_store, index), index.stale) == (kept, [])


@pytest.mark.parametrize("first", range(8))
def test_what_another_run_has_just_written_anew_is_not_dropped_for_having_no_rows_of_its_own(
    local_store: ResultStore, first: int
) -> None:
    gone, *kept = (f"{first}-{name}" for name in "abc")
    local_store.commit_batch(MODEL, features(gone, *kept), NO_QUARANTINE)
    (stale,) = index_of(local_store, *kept).stale
    local_store.put_batch(f"features/model={MODEL}", stale.read(local_store))
    twice = index_of(local_store, *kept)
    local_store.delete([stale.path])  # the other run is done
    drop_stale(local_store, twice)
    assert selected(local_store, index_of(local_store, *kept)) == kept


# ---- sharing out


@pytest.mark.parametrize("groups", [1, 2, 3, 7, 50])
def test_selections_are_shared_out_evenly_and_each_once(groups: int) -> None:
    sizes = np.random.default_rng(1).integers(1, 512, 40)
    selections = [Selection(f"{number}.parquet", None, int(size)) for number, size in enumerate(sizes)]
    shared = balance(selections, groups)
    assert len(shared) == min(groups, 40)
    assert sorted(s.path for group in shared for s in group) == sorted(s.path for s in selections)
    loads = [sum(selection.count for selection in group) for group in shared]
    assert max(loads) - min(loads) <= sizes.max()
    assert balance(selections, groups) == shared


def test_selections_survive_the_way_to_a_task() -> None:
    selections = [Selection("a.parquet", None, 3), Selection("b.parquet", [0, 2], 2)]
    row = [{"path": s.path, "rows": s.rows, "count": s.count} for s in selections]
    batch = pa.RecordBatch.from_pydict({"selections": [row]})
    assert list(Selection.from_batches([batch])) == selections
    assert SELECTIONS.startswith("selections array<struct<")


# ---- memory

_MEASURE = """
import sys, tracemalloc
import pyarrow as pa
from job.storage.listing import list_photographs
from job.storage.index import build_index
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA

root, store = Location.parse(sys.argv[1]), ResultStore(Location.parse(sys.argv[2]))
tracemalloc.start()
photographs = list_photographs(root).photographs
index = build_index(store, "model", root, photographs)
python = tracemalloc.get_traced_memory()
print(pa.total_allocated_bytes() + python[0], pa.default_memory_pool().max_memory() + python[1], index.featurized.sum())
"""


def _fill(folder: Path, photographs: int) -> None:
    """Make a tree of photographs, all links to a few files, and a store that has features of each."""
    from job.storage.listing import list_photographs

    (folder / "photos").mkdir(parents=True)
    for number in range(photographs):
        label, place = divmod(number, 4000)
        if not place:
            (folder / f"photos/Label number {label}").mkdir()
            original = folder / f"photos/Label number {label}/r_0000_100.jpg"
            original.write_bytes(b"x")
        else:
            (folder / f"photos/Label number {label}/r_{place:04}_100.jpg").hardlink_to(original)
    root, store = Location.parse(str(folder / "photos")), ResultStore(Location.parse(str(folder / "results")))
    listed = list_photographs(root).photographs
    for start in range(0, photographs, 512):
        part = listed.slice(start, 512)
        rows = [{**row, "uri": f"{root.uri}/{row['path']}", "feature": [0.0]} for row in part.to_pylist()]
        store.commit_batch("model", pa.Table.from_pylist(rows, schema=FEATURES_SCHEMA), NO_QUARANTINE)


@pytest.mark.slow
def test_listing_and_index_take_at_most_240_bytes_a_photograph(tmp_path: Path) -> None:
    few, many = 16 * 512, 80 * 512  # enough objects in both cases for all readers to be at work
    measured = []
    for photographs in (few, many):
        folder = tmp_path / str(photographs)
        _fill(folder, photographs)
        answer = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(folder / "photos"), str(folder / "results")],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        kept, peak, found = map(int, answer.stdout.split())
        assert found == photographs
        measured.append(np.array([kept, peak]))
    kept, peak = (measured[1] - measured[0]) / (many - few)
    assert kept < 120
    assert peak < 240
