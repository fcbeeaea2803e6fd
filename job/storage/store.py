"""The objects of the results: each is written whole in one request, or not at all; `job.storage.layout` names them.

A batch is named by all of its bytes: writing it twice changes nothing, and damage shows when it is read. A batch that
is there is complete. There is no journal to repair after a kill: what the store holds *is* the progress.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

import obstore
import pyarrow as pa
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from job.errors import JobError
from job.storage.durable import write_durably
from job.storage.layout import (
    DAMAGED,
    FEATURES,
    QUARANTINE,
    batch_name,
    is_batch,
    is_older_batch,
    photographs_in,
    stem,
    without_uuid,
)
from job.storage.locations import Location, ObjectReader
from job.storage.parquet import Damaged, decode, digest, encode
from job.storage.refusals import reason_of

STORE_ERRORS: Final = (BaseError, OSError)
"""What obstore raises; anything else is a fault of this program, and must not pass for one of the user's."""

_READERS: Final = 16


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

    def put_folder(self, path: str, folder: Path) -> None:
        """Write the files of a local folder, as the only objects below a path; hidden ones are Hadoop's checksums.

        What Spark names anew each time gets a name that stays, so two runs at once write the same objects.
        """
        visible = (file for file in folder.rglob("[!.]*") if file.is_file())
        files = {f"{path}/{without_uuid(file.relative_to(folder).as_posix())}": file for file in visible}
        self.delete(set(self.paths(path)) - files.keys())
        for name, file in files.items():
            self.put(name, file.read_bytes())

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

    def batches(self, folder: str) -> tuple[list[str], list[str]]:
        """List the batches of a folder, sorted, and what else lies in it, which is not ours.

        Raises
        ------
        JobError
            If the output cannot be listed, or an older version has written to it.
        """
        paths = self.paths(folder)
        names = [path.removeprefix(f"{folder}/") for path in paths]
        if any(map(is_older_batch, names)):
            raise JobError(
                f"{self.output.uri}/{folder} holds results of version 0.1.0 of this program, which this version cannot"
                " check; give another --output, or delete features, quarantine and projections below it"
            )
        ours = [path for path, name in zip(paths, names, strict=True) if is_batch(name)]
        return ours, sorted(set(paths) - set(ours))

    def set_aside(self, path: str) -> None:
        """Move a damaged object where nothing reads it, so that what it held is computed again.

        Raises
        ------
        JobError
            If that cannot be done.
        """
        try:
            obstore.rename(self.objects, path, f"{DAMAGED}/{path}")
        except FileNotFoundError:
            return
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="delete it")
            raise JobError(f"cannot set the damaged {self.output.uri}/{path} aside: {reason}") from error

    def paths(self, prefix: str) -> list[str]:
        """List the paths of the objects below a prefix, sorted.

        Raises
        ------
        JobError
            If the output cannot be listed.
        """
        return sorted(self.written(prefix))

    def written(self, prefix: str) -> dict[str, datetime]:
        """Tell when each object below a prefix was written.

        Raises
        ------
        JobError
            If the output cannot be listed.
        """
        try:
            metas = [
                (meta["path"], meta["last_modified"]) for chunk in obstore.list(self.objects, prefix) for meta in chunk
            ]
        except STORE_ERRORS as error:
            reason = reason_of(error, otherwise="check --output and the right to list it")
            raise JobError(f"cannot list {self.output.uri}: {reason}") from error
        return {path: when for path, when in metas if path.startswith(f"{prefix}/")}

    def versions(self, prefix: str) -> dict[str, str]:
        """Tell the version of each object below a prefix.

        On S3 it is what the listing gives, since S3 itself keeps an object from changing unseen; a file of this machine
        is read.
        """
        if self.output.bucket is None:
            return {path: digest(self.get(path)) for path in self.paths(prefix)}
        metas = [meta for chunk in obstore.list(self.objects, prefix) for meta in chunk]
        return {meta["path"]: str(meta["e_tag"]) for meta in metas if meta["path"].startswith(f"{prefix}/")}

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those already gone are no error.

        Raises
        ------
        JobError
            If one cannot be deleted.
        """
        for path in paths:
            try:
                obstore.delete(self.objects, path)
            except FileNotFoundError:
                continue
            except STORE_ERRORS as error:
                reason = reason_of(error, otherwise="check the right to delete")
                raise JobError(f"cannot delete {self.output.uri}/{path}: {reason}") from error

    def commit_batch(self, identity: str, features: pa.Table, quarantined: pa.Table) -> None:
        """Add a batch of photographs: each of its two objects counts from the moment it is there."""
        for folder, table in ((FEATURES, features), (QUARANTINE, quarantined)):
            if table.num_rows:
                self.put_batch(folder.partition(identity), table)

    def committed(self, identity: str) -> int:
        """Count the photographs committed under a model, from the names of its batches alone."""
        folders = (folder.partition(identity) for folder in (FEATURES, QUARANTINE))
        return sum(photographs_in(path) for folder in folders for path in self.batches(folder)[0])

    def put_batch(self, folder: str, table: pa.Table) -> str:
        """Write photographs as one object named by what is in it, and give its path."""
        content = encode(table.schema, [table])
        path = f"{folder}/{batch_name(digest(content), table.num_rows)}"
        self.put(path, content)
        return path

    def read_all(self, paths: Sequence[str], columns: Sequence[str] | None = None) -> list[pa.Table]:
        """Read columns of many Parquet objects, several at a time."""
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(lambda path: self.read_table(path, columns), paths))
