"""What was read of batches, kept as an object beside them: the next run reads one object instead of all batches.

An entry counts only for a batch that the listing shows in the version of the entry. So entries may be missing or of
batches that are gone, and are never wrong: of a batch without an entry, the batch itself is read. Entries are kept as
a batch themselves, named by all of their bytes. Two runs at once write two of them, and the next reads both; see
docs/decisions/0250-an-index-that-is-not-trusted.md.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.storage.layout import INDEX
from job.storage.locations import Location
from job.storage.parquet import Damaged
from job.storage.store import Listed, ResultStore
from job.storage.tables import QUARANTINE_SCHEMA

DIGEST_BYTES: Final = 16

_SCHEMA: Final = pa.schema(
    [
        ("path", pa.string()),
        ("version", pa.string()),
        ("digests", pa.large_binary()),
        ("below", pa.large_binary()),
        ("quarantine", pa.list_(pa.struct(list(QUARANTINE_SCHEMA)))),
    ]
)


@dataclass(frozen=True)
class Entry:
    """What the index of photographs takes from one batch.

    Parameters
    ----------
    path
        Of the batch.
    version
        In which it was read, as the listing gives it.
    digests
        (n,) of the keys of its photographs.
    below
        (n,) bool: the photograph lies below the root.
    quarantine
        `QUARANTINE_SCHEMA`: all of a batch in quarantine; without rows for a batch of features.
    """

    path: str
    version: str
    digests: NDArray[np.bytes_]
    below: NDArray[np.bool_]
    quarantine: pa.Table


@dataclass(frozen=True)
class KnownBatches:
    """The entries that are kept for the batches of one backbone and one root.

    Parameters
    ----------
    folder
        Where they are.
    objects
        In which they are.
    entries
        By path and version of their batches.
    """

    folder: str
    objects: tuple[str, ...]
    entries: Mapping[tuple[str, str], Entry]

    @classmethod
    def read(cls, store: ResultStore, identity: str, root: Location) -> "KnownBatches":
        """Read what is there and whole; what is damaged is set aside, and another run may just have replaced some."""
        folder = f"{INDEX.partition(identity)}/root={hashlib.sha256(root.uri.encode()).hexdigest()[:16]}"
        entries: dict[tuple[str, str], Entry] = {}
        objects = tuple(store.batches(folder))
        for path in objects:
            try:
                entries |= {(entry.path, entry.version): entry for entry in _entries(store.read_batch(path))}
            except Damaged as damage:
                store.set_aside(damage)
            except FileNotFoundError:
                continue
        return cls(folder, objects, entries)

    def entry(self, path: str, listed: Listed) -> Entry | None:
        """Return what is known of a batch as it is listed."""
        return self.entries.get((path, listed.version))

    def renew(self, store: ResultStore, entries: Iterable[Entry]) -> None:
        """Keep these entries, if they are others than those that are kept, in one object."""
        now = {(entry.path, entry.version): entry for entry in entries}
        if now.keys() == self.entries.keys() and len(self.objects) <= 1:
            return
        written = store.put_batch(self.folder, _table(now.values())) if now else None
        store.delete(path for path in self.objects if path != written)


def _table(entries: Iterable[Entry]) -> pa.Table:
    rows = [
        {
            "path": entry.path,
            "version": entry.version,
            "digests": entry.digests.tobytes(),
            "below": np.packbits(entry.below).tobytes(),
            "quarantine": entry.quarantine.to_pylist(),
        }
        for entry in sorted(entries, key=lambda entry: (entry.path, entry.version))
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _entries(table: pa.Table) -> Iterator[Entry]:
    quarantine = table["quarantine"].combine_chunks()
    for number, row in enumerate(table.drop_columns(["quarantine"]).to_pylist()):
        digests = np.frombuffer(row["digests"], f"S{DIGEST_BYTES}")
        below = np.unpackbits(np.frombuffer(row["below"], np.uint8), count=len(digests)).astype(bool)
        rejected = pa.Table.from_arrays(quarantine[number].values.flatten(), schema=QUARANTINE_SCHEMA)
        yield Entry(row["path"], row["version"], digests, below, rejected)
