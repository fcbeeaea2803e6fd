"""The objects of the results: each is written whole in one request, or not at all; `job.storage.layout` names them.

A batch is named by all of its bytes: writing it twice changes nothing, and damage shows when it is read. A batch that
is there is complete. There is no journal to repair after a kill: what the store holds *is* the progress.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import obstore
import pyarrow as pa
from obstore.exceptions import BaseError, GenericError
from obstore.store import ObjectStore

from job.errors import JobError
from job.storage.durable import write_durably
from job.storage.layout import DAMAGED, FEATURES, LAYOUT, QUARANTINE
from job.storage.locations import Location, ObjectReader
from job.storage.names import batch_name, is_batch, is_older_batch, photographs_in, stem
from job.storage.parquet import FOLDER, Damaged, decode, digest, encode
from job.storage.refusals import reason_of
from job.storage.upkeep import Upkeep

if TYPE_CHECKING:
    from obstore import ObjectMeta

STORE_ERRORS: Final = (BaseError, OSError)
"""What obstore raises; anything else is a fault of this program, and must not pass for one of the user's."""

_DELETION_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)  # seconds
_AT_ONCE_SECONDS: Final = 10.0


class Listed(NamedTuple):
    """What a listing says of an object: when it was written, and in which version it is."""

    written: datetime
    version: str

    @classmethod
    def of(cls, meta: "ObjectMeta") -> "Listed":
        """Read what obstore gives; the size is a part of the version, whatever the ETag is made of."""
        return cls(meta["last_modified"], f"{meta['size']}:{meta['e_tag']}")


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
        self.upkeep = Upkeep()
        try:
            self.objects: ObjectStore = output.open(create=True)
        except STORE_ERRORS as error:
            raise JobError(
                f"cannot open the output {output.uri}: {reason_of(error, otherwise='check --output')}"
            ) from error

    def put(self, path: str, content: bytes) -> None:
        """Write one object whole.

        Raises
        ------
        JobError
            If the output cannot be written.
        """
        try:
            if self.output.bucket is None:
                write_durably(Path(self.output.path), path, content)
            else:
                obstore.put(self.objects, path, content)
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="check --output and the right to write")
            raise JobError(f"cannot write {self.output.uri}/{path}: {reason}") from error

    def put_table(self, path: str, table: pa.Table) -> None:
        """Write a table as one Parquet object: Zstandard, dictionaries for the columns that repeat."""
        self.put_tables(path, table.schema, [table])

    def put_tables(self, path: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        """Write tables of one schema, made one after the other, as row groups of one Parquet object."""
        self.put(path, encode(schema, tables))

    def get(self, path: str) -> bytes:
        """Read one object whole.

        Raises
        ------
        FileNotFoundError
            If there is none.
        JobError
            If it cannot be read.
        """
        try:
            return bytes(obstore.get(self.objects, path).bytes())
        except FileNotFoundError:
            raise
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="check --output and the right to read it")
            raise JobError(f"cannot read {self.output.uri}/{path}: {reason}") from error

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read columns of one Parquet object, with requests for these columns alone."""
        return decode(path, ObjectReader(self.objects, path), columns)

    def read_batch(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read columns of one batch, once all of its bytes are what it is named by.

        Raises
        ------
        Damaged
            If they are not.
        """
        content = self.get(path)
        if not stem(path).startswith(f"{digest(content)}-"):
            raise Damaged(path, f"its {len(content):,} bytes are not those that it is named by")
        return decode(path, pa.BufferReader(content), columns)

    def batches(self, folder: str) -> dict[str, Listed]:
        """List the batches of a folder, sorted; what else lies in it is not ours, and noted.

        Raises
        ------
        JobError
            If the output cannot be listed, or an older version has written to it.
        """
        listed = self.listed(folder)
        ours = {path: item for path, item in listed.items() if is_batch(path.removeprefix(f"{folder}/"))}
        if any(is_older_batch(path.removeprefix(f"{folder}/")) for path in listed):
            raise JobError(
                f"{self.output.uri}/{folder} holds results of layout 1, which this version (layout {LAYOUT}) cannot"
                " check; give another --output, or delete features, quarantine and projections below it"
            )
        self.upkeep.note_ignored(listed.keys() - ours.keys())
        return ours

    def set_aside(self, damage: Damaged) -> None:
        """Move a damaged batch where nothing reads it: the next index shows what it held as pending.

        Raises
        ------
        JobError
            If that cannot be done.
        """
        try:
            obstore.rename(self.objects, damage.path, f"{DAMAGED}/{damage.path}")
        except FileNotFoundError:  # another run was quicker
            return
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="delete it")
            raise JobError(f"cannot set the damaged {self.output.uri}/{damage.path} aside: {reason}") from error
        self.upkeep.note_damage(damage)

    def paths(self, prefix: str) -> list[str]:
        """List the paths of the objects below a prefix, sorted.

        Raises
        ------
        JobError
            If the output cannot be listed.
        """
        return list(self.listed(prefix))

    def listed(self, prefix: str) -> dict[str, Listed]:
        """List the objects below a prefix, sorted by path.

        Raises
        ------
        JobError
            If the output cannot be listed.
        """
        try:
            metas = [meta for chunk in obstore.list(self.objects, prefix) for meta in chunk]
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="check --output and the right to list it")
            raise JobError(f"cannot list {self.output.uri}: {reason}") from error
        found = {meta["path"]: Listed.of(meta) for meta in metas if meta["path"].startswith(f"{prefix}/")}
        return dict(sorted(found.items()))

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are no error.

        Raises
        ------
        JobError
            If one cannot be deleted.
        """
        for path in paths:
            try:
                self._delete(path)
            except FileNotFoundError:
                continue
            except STORE_ERRORS as error:
                reason = reason_of(error, otherwise="check the right to delete")
                raise JobError(f"cannot delete {self.output.uri}/{path}: {reason}") from error

    def _delete(self, path: str) -> None:
        """Delete an object; again if that failed at once, for the library does not repeat each POST, which this is."""
        began = time.monotonic()
        for pause in _DELETION_PAUSES:
            try:
                return obstore.delete(self.objects, path)
            except GenericError:
                if time.monotonic() - began > _AT_ONCE_SECONDS:  # the library has tried for long
                    raise
                time.sleep(pause)
        return obstore.delete(self.objects, path)

    def commit_batch(self, identity: str, features: pa.Table, quarantined: pa.Table) -> None:
        """Add a batch of photographs: each of its two objects counts from the moment it is there."""
        for folder, table in ((FEATURES, features), (QUARANTINE, quarantined)):
            if table.num_rows:
                self.put_batch(folder.partition(identity), table)

    def committed(self, identity: str) -> int:
        """Count the photographs committed under a model, from the names of its batches alone."""
        folders = (folder.partition(identity) for folder in (FEATURES, QUARANTINE))
        return sum(photographs_in(path) for folder in folders for path in self.batches(folder))

    def put_batch(self, folder: str, table: pa.Table) -> str:
        """Write photographs as one object named by what is in it, and give its path."""
        content = encode(table.schema.with_metadata({FOLDER: folder}), [table])
        path = f"{folder}/{batch_name(digest(content), table.num_rows)}"
        self.put(path, content)
        return path
