"""The results' layout, and the objects in it: each is written whole in one request, or not at all.

::

    <output>/features/model=<identity>/<batch>.parquet      FEATURES_SCHEMA
             quarantine/model=<identity>/<batch>.parquet    QUARANTINE_SCHEMA
             pca/<pca>/{model/, arrays.npz}                 pyspark.ml PipelineModel; plain arrays
             projections/pca=<pca>/<part>.parquet           PROJECTIONS_SCHEMA
             reports/<run>/{manifest.json, report.html, images.parquet}

A batch is named by what is in it, so writing it twice changes nothing, and a batch that is there is complete. There is
no journal to repair after a kill: what the store holds *is* the progress.
"""

import hashlib
import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import obstore
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from obstore.store import ObjectStore

from job.errors import JobError
from job.locations import Location, ObjectReader

FEATURES_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("bytes", pa.int64()),
        ("etag", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("feature", pa.list_(pa.float32())),
    ]
)
QUARANTINE_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("bytes", pa.int64()),
        ("etag", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
PROJECTIONS_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("split", pa.string()),
        ("projection", pa.list_(pa.float32())),
    ]
)

PASSING_REASONS: Final = ("changed", "unreadable", "vanished")
"""Quarantined for what may not last: the next run tries these photographs again."""

_READERS: Final = 16


@dataclass(frozen=True)
class Selection:
    """The rows of one file of features that a run uses.

    Parameters
    ----------
    path
        Below the output.
    rows
        Row numbers, ascending; None stands for all.
    count
        How many rows these are.
    """

    path: str
    rows: list[int] | None
    count: int

    @classmethod
    def from_batches(cls, record_batches: Iterable[pa.RecordBatch]) -> Iterator["Selection"]:
        """Read the selections of a task, in the column of `SELECTIONS`."""
        for record_batch in record_batches:
            for group in record_batch["selections"].to_pylist():
                yield from (cls(**selection) for selection in group)


SELECTIONS: Final = "selections array<struct<path: string, rows: array<int>, count: int>>"
"""Groups of `Selection` as a DataFrame: one row, and so one task, a group."""


def share_out(selections: Sequence[Selection], groups: int) -> list[list[Selection]]:
    """Divide selections into groups of about the same number of rows: the largest first, each to the smallest group."""
    loads: list[tuple[int, int, list[Selection]]] = [(0, number, []) for number in range(min(groups, len(selections)))]
    for selection in sorted(selections, key=lambda selection: -selection.count):
        load, number, group = heapq.heappop(loads)
        group.append(selection)
        heapq.heappush(loads, (load + selection.count, number, group))
    return [group for _, _, group in sorted(loads, key=lambda item: item[1])]


@dataclass(frozen=True)
class Index:
    """What the store knows of the photographs of one listing, under one model.

    Parameters
    ----------
    featurized
        (n,) bool for each photograph of the listing: it has features.
    quarantined
        (n,) bool: it has none, and is in quarantine.
    lasting
        (n,) bool: in quarantine for a reason that will not pass while the photograph stays as it is.
    selections
        Where the features are.
    quarantine
        `QUARANTINE_SCHEMA` of those in quarantine.
    """

    featurized: NDArray[np.bool_]
    quarantined: NDArray[np.bool_]
    lasting: NDArray[np.bool_]
    selections: list[Selection]
    quarantine: pa.Table

    @property
    def pending(self) -> NDArray[np.bool_]:
        """(n,) bool: to be featurized by the next run."""
        return ~(self.featurized | self.lasting)

    @property
    def reasons(self) -> dict[str, int]:
        """Count the photographs in quarantine by reason."""
        counts = pc.value_counts(self.quarantine["reason"]).to_pylist()
        return dict(sorted((item["values"], item["counts"]) for item in counts))


class ResultStore:
    """Reads and writes the results below one output.

    Parameters
    ----------
    output
        Where; a folder is made if it is missing.

    Raises
    ------
    JobError
        If the output cannot be opened.
    """

    def __init__(self, output: Location) -> None:
        self.output = output
        try:
            self.objects: ObjectStore = output.open(create=True)
        except Exception as error:
            raise JobError(f"cannot open the output {output.uri}: {first_line(error)}; check --output") from error

    def put(self, path: str, content: bytes) -> None:
        """Write one object whole.

        Raises
        ------
        JobError
            If the output cannot be written.
        """
        try:
            obstore.put(self.objects, path, content)
        except Exception as error:
            raise JobError(
                f"cannot write {self.output.uri}/{path}: {first_line(error)}; check --output and the right to write"
            ) from error

    def put_table(self, path: str, table: pa.Table) -> None:
        """Write a table as one Parquet object: Zstandard, dictionaries for the columns that repeat."""
        dictionaries = [name for name in ("label", "split", "reason") if name in table.column_names]
        output = io.BytesIO()
        pq.write_table(table, output, compression="zstd", use_dictionary=dictionaries, store_schema=False)
        self.put(path, output.getvalue())

    def get(self, path: str) -> bytes:
        """Read one object whole."""
        return bytes(obstore.get(self.objects, path).bytes())

    def exists(self, path: str) -> bool:
        """Say whether an object is there."""
        try:
            obstore.head(self.objects, path)
        except FileNotFoundError:
            return False
        return True

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read columns of one Parquet object, with requests for these columns alone."""
        return pq.ParquetFile(ObjectReader(self.objects, path)).read(columns=columns)

    def read_rows(self, selection: Selection, columns: Sequence[str]) -> pa.Table:
        """Read columns of the selected rows of one file of features."""
        table = self.read_table(selection.path, columns)
        return table if selection.rows is None else table.take(pa.array(selection.rows))

    def paths(self, prefix: str) -> list[str]:
        """List the paths of the objects below a prefix, sorted."""
        paths = (meta["path"] for chunk in obstore.list(self.objects, prefix) for meta in chunk)
        return sorted(path for path in paths if path.startswith(f"{prefix}/"))

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are no error."""
        for path in paths:
            try:
                obstore.delete(self.objects, path)
            except FileNotFoundError:
                continue

    def commit_batch(self, identity: str, features: pa.Table, quarantined: pa.Table) -> None:
        """Add a batch of photographs: each of its two objects counts from the moment it is there."""
        for kind, table in (("features", features), ("quarantine", quarantined)):
            if table.num_rows:
                self.put_table(f"{kind}/model={identity}/{_batch_name(table)}.parquet", table)

    def index(self, identity: str, uris: pa.Array, etags: pa.Array) -> Index:
        """Compare a listing with the store.

        A photograph is known by (uri, etag): a changed one is pending again, and rows of photographs that are gone or
        changed are not selected. Should two batches hold the same photograph, the first by name counts.

        Parameters
        ----------
        identity
            Of the backbone.
        uris, etags
            (n,) strings: the listing.
        """
        wanted = _keys(uris, etags)
        paths = self.paths(f"features/model={identity}")
        tables = self._read_all(paths, ["uri", "etag"])
        at = _find(wanted, tables)
        featurized = at >= 0
        selections = _selections(paths, [table.num_rows for table in tables], at[featurized])

        rejected = self._read_all(self.paths(f"quarantine/model={identity}"), None)
        quarantine = pa.concat_tables([QUARANTINE_SCHEMA.empty_table(), *rejected])
        at = _find(wanted, [quarantine])
        quarantined = (at >= 0) & ~featurized
        passing = pc.is_in(quarantine["reason"], pa.array(PASSING_REASONS)).to_numpy()
        lasting = quarantined & ~np.append(passing, False)[at]
        return Index(featurized, quarantined, lasting, selections, quarantine.take(at[quarantined]))

    def _read_all(self, paths: Sequence[str], columns: Sequence[str] | None) -> list[pa.Table]:
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(lambda path: self.read_table(path, columns), paths))


def feature_matrix(table: pa.Table) -> NDArray[np.float32]:
    """Give the column `feature` as (n, d) array, without a copy where the table is in one piece."""
    values: NDArray[np.float32] = table["feature"].combine_chunks().flatten().to_numpy()
    return values.reshape(table.num_rows, -1)


def first_line(error: Exception) -> str:
    """Give the line of an error that says what happened; the object store's own ones go on with their internals."""
    return str(error).partition("\n")[0]


def _batch_name(table: pa.Table) -> str:
    keys = _keys(table["uri"], table["etag"])
    return hashlib.sha256("\0".join(keys.to_pylist()).encode()).hexdigest()[:24]


def _keys(uris: Any, etags: Any) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(uris, etags, "\n")


def _find(wanted: pa.ChunkedArray, tables: Sequence[pa.Table]) -> NDArray[np.int64]:
    """Give the row of each wanted key in the tables laid end to end, or -1."""
    chunks = [chunk for table in tables for chunk in _keys(table["uri"], table["etag"]).chunks]
    known = pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())
    rows: NDArray[np.int64] = (
        pc.fill_null(pc.index_in(wanted, value_set=known), -1).to_numpy().astype(np.int64, copy=False)
    )
    return rows


def _selections(paths: Sequence[str], sizes: Sequence[int], rows: NDArray[np.int64]) -> list[Selection]:
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    rows = np.unique(rows)
    bounds = np.searchsorted(rows, starts)
    selections = []
    for path, size, start, first, last in zip(paths, sizes, starts, bounds, bounds[1:], strict=False):
        if last - first == size:
            selections.append(Selection(path, None, size))
        elif last > first:
            selections.append(Selection(path, (rows[first:last] - start).tolist(), int(last - first)))
    return selections
