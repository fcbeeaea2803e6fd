"""What the store knows of a listing: which photographs have features, which are in quarantine, which rows are stale."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from job.storage.known import DIGEST_BYTES, Entry, KnownBatches
from job.storage.layout import FEATURES, QUARANTINE
from job.storage.locations import Location
from job.storage.names import photographs_in
from job.storage.parquet import Damaged
from job.storage.selections import Selection
from job.storage.store import Listed, ResultStore
from job.storage.tables import QUARANTINE_SCHEMA, keys, with_uris

RETRYABLE_REASONS: Final = ("changed", "unreadable", "vanished")
"""Quarantined for what may not last: the next run tries these photographs again."""

_READERS: Final = 16
_WRITERS: Final = 8
_BLOCK: Final = 10_000


@dataclass(frozen=True)
class Index:
    """What the store knows of the photographs of one listing, under one model.

    Parameters
    ----------
    featurized
        (n,) bool for each photograph of the listing: it has features.
    quarantined
        (n,) bool: it has none, and is in quarantine.
    permanent
        (n,) bool: in quarantine for a reason that will not pass while the photograph stays as it is.
    selections
        Where the features are.
    quarantine
        `QUARANTINE_SCHEMA` of those in quarantine.
    stale
        Objects with rows that say nothing of the listing any more; the selection is what to keep of each.
    """

    featurized: NDArray[np.bool_]
    quarantined: NDArray[np.bool_]
    permanent: NDArray[np.bool_]
    selections: list[Selection]
    quarantine: pa.Table
    stale: list[Selection]

    @property
    def pending(self) -> NDArray[np.bool_]:
        """(n,) bool: to be featurized by the next run."""
        return ~(self.featurized | self.permanent)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(n,) bool: of which the store knows nothing."""
        return ~(self.featurized | self.quarantined)

    @property
    def reasons(self) -> dict[str, int]:
        """Count the photographs in quarantine by reason."""
        counts = pc.value_counts(self.quarantine["reason"]).to_pylist()
        return dict(sorted((item["values"], item["counts"]) for item in counts))


def build_index(store: ResultStore, identity: str, root: Location, photographs: pa.Table) -> Index:
    """Compare a listing with the store.

    A photograph is known by (uri, etag). Should two objects hold the same one, the first by name counts.

    Parameters
    ----------
    identity
        Of the backbone.
    root
        Of the listing: rows of photographs below it that are not in the listing are stale; others are not ours to
        judge.
    photographs
        With columns `path` and `etag`.
    """
    listed = photographs.select(["path", "etag"]).to_batches(max_chunksize=_BLOCK)
    wanted = _digests(with_uris(root, batch) for batch in listed)
    known = KnownBatches.read(store, identity, root)
    features = _read(store, FEATURES.partition(identity), root, known)
    rejected = _read(store, QUARANTINE.partition(identity), root, known)
    known.renew(store, [*features, *rejected])

    rows = _Rows.of(features)
    at = rows.find(wanted)
    featurized = at >= 0
    rejected_rows = _Rows.of(rejected)
    rejected_at = rejected_rows.find(wanted)
    quarantined = (rejected_at >= 0) & ~featurized
    tables = [QUARANTINE_SCHEMA.empty_table(), *(entry.quarantine for entry in rejected)]
    quarantine = pa.concat_tables(tables).take(rejected_at[quarantined])
    permanent = np.zeros_like(quarantined)
    permanent[quarantined] = ~pc.is_in(quarantine["reason"], pa.array(RETRYABLE_REASONS)).to_numpy()
    return Index(
        featurized,
        quarantined,
        permanent,
        rows.selections(at[featurized]),
        quarantine,
        rows.stale(at[featurized]) + rejected_rows.stale(rejected_at[quarantined]),
    )


def drop_stale(store: ResultStore, index: Index) -> None:
    """Write objects with stale rows anew without them, then delete the old ones; a kill in between loses nothing.

    No object is deleted before all are written: after such a kill one may be what another becomes, for a name is what
    is in it.
    """

    def rewrite(selection: Selection) -> tuple[str, str] | None:
        folder = selection.path.rpartition("/")[0]
        try:
            written = store.put_batch(folder, selection.read(store)) if selection.count else ""
        except FileNotFoundError:  # another run has written it anew
            return None
        except Damaged as damage:
            store.set_aside(damage)
            return None
        return selection.path, written

    with ThreadPoolExecutor(_WRITERS) as pool:
        done = list(pool.map(rewrite, index.stale))
        rewritten = [pair for pair in done if pair]
        kept = {written for _, written in rewritten}
        # What one that is gone has become may be one that is without rows here: the next run drops what is left then.
        certain = len(rewritten) == len(done)
        old = [path for path, written in rewritten if path not in kept and (written or certain)]
        list(pool.map(lambda path: store.delete([path]), old))


def _digests(batches: Iterable[pa.RecordBatch]) -> NDArray[np.bytes_]:
    """Return 16 bytes for each key: whole keys of millions of photographs would fill the driver's memory."""
    digests = bytearray()
    for batch in batches:
        digests += b"".join(blake2b(key.encode(), digest_size=DIGEST_BYTES).digest() for key in keys(batch).to_pylist())
    return np.frombuffer(digests, f"S{DIGEST_BYTES}")


def _read(store: ResultStore, folder: str, root: Location, known: KnownBatches) -> list[Entry]:
    """Return an entry for each batch of a folder: what is known of it, or what is read of it."""

    def read(batch: tuple[str, Listed]) -> Entry | None:
        path, listed = batch
        try:
            return known.entry(path, listed) or _entry(store, path, listed, root)
        except FileNotFoundError:  # another run has written it anew since it was listed
            return None
        except Damaged as damage:
            store.set_aside(damage)
            return None

    with ThreadPoolExecutor(_READERS) as pool:
        entries = [entry for entry in pool.map(read, store.batches(folder).items()) if entry]
    pa.default_memory_pool().release_unused()  # what every reader's tables took
    return entries


def _entry(store: ResultStore, path: str, listed: Listed, root: Location) -> Entry:
    """Read what names the photographs of a batch; of a batch in quarantine all, for that is little."""
    if path.startswith(f"{QUARANTINE.name}/"):
        table = quarantine = store.read_batch(path)
    else:
        table, quarantine = store.read_table(path, ["uri", "etag"]), QUARANTINE_SCHEMA.empty_table()
    if table.num_rows != photographs_in(path):
        raise Damaged(path, f"it has {table.num_rows} rows")
    below = pc.starts_with(table["uri"], f"{root.uri}/").to_numpy()
    return Entry(path, listed.version, _digests(table.to_batches(max_chunksize=_BLOCK)), below, quarantine)


@dataclass(frozen=True)
class _Rows:
    """The rows of several objects, laid end to end: digests of their keys, and whether they lie below the root."""

    paths: list[str]
    sizes: list[int]
    digests: NDArray[np.bytes_]
    below: NDArray[np.bool_]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "_Rows":
        return cls(
            [entry.path for entry in entries],
            [len(entry.digests) for entry in entries],
            np.concatenate([np.empty(0, f"S{DIGEST_BYTES}"), *(entry.digests for entry in entries)]),
            np.concatenate([np.empty(0, bool), *(entry.below for entry in entries)]),
        )

    def find(self, wanted: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return the first row of each wanted key, or -1."""
        if not len(self.digests):
            return np.full(len(wanted), -1)
        order = np.argsort(self.digests, kind="stable")
        places = np.searchsorted(self.digests, wanted, sorter=order)
        found = order[np.minimum(places, len(order) - 1)]
        found[self.digests[found] != wanted] = -1
        return found

    def selections(self, rows: NDArray[np.int64]) -> list[Selection]:
        """Return the selections that hold these rows, without objects that hold none."""
        return [selection for selection in self._by_object(rows) if selection.count]

    def stale(self, live: NDArray[np.int64]) -> list[Selection]:
        """Return what to keep of the objects that hold rows below the root that are not live."""
        keep = ~self.below
        keep[live] = True
        return [selection for selection in self._by_object(np.flatnonzero(keep)) if selection.rows is not None]

    def _by_object(self, rows: NDArray[np.int64]) -> list[Selection]:
        starts = np.concatenate([[0], np.cumsum(self.sizes, dtype=np.int64)])
        rows = np.sort(rows)
        bounds = np.searchsorted(rows, starts)
        selections = []
        for number, path in enumerate(self.paths):
            inside = rows[bounds[number] : bounds[number + 1]] - starts[number]
            whole = len(inside) == starts[number + 1] - starts[number]
            selections.append(Selection(path, None if whole else inside.tolist(), len(inside)))
        return selections
