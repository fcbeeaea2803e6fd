"""List photographs, and read them ahead of the inference that waits for them."""

import json
import os
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import obstore
import pyarrow as pa
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore

from job.decode import Rejected
from job.errors import JobError
from job.locations import Location


class Photograph(NamedTuple):
    """One listed object: path below the root, name of the folder it lies in, size in bytes, version."""

    path: str
    label: str
    bytes: int
    etag: str


LISTING_SCHEMA: Final = pa.schema(
    [("path", pa.string()), ("label", pa.string()), ("bytes", pa.int64()), ("etag", pa.string())]
)
"""`Photograph` as a table."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""Larger objects are refused unread."""

READS_IN_FLIGHT: Final = 32
"""At 30 ms a read, enough for 1,000 photographs a second: several times what one core can infer."""

BYTES_IN_FLIGHT: Final = 64 * 1024 * 1024
_READS_IN_TURN: Final = 8
_BYTES_IN_TURN: Final = 256 * 1024
SAMPLE_MARKER: Final = "_sample.json"

# Stand in a listing for the version of what has a name, but cannot be asked for as an object.
_NO_STATUS: Final = "no-status"
_NO_FILE: Final = "no-file"
_NO_UTF8: Final = "no-utf-8"
_UNREAD: Final = {
    _NO_STATUS: ("unreadable", "a link that leads nowhere, or a file whose status may not be asked"),
    _NO_FILE: ("not-an-image", "a pipe, socket or device, not a file"),
    _NO_UTF8: ("unsupported-name", "the name is not UTF-8; rename the file or its folder"),
}
_STAGED: Final = re.compile(r"#\d+$")  # obstore keeps these names for files that it is still writing
_CHUNK: Final = 10_000


@dataclass(frozen=True)
class Listing:
    """What lies under a root.

    Parameters
    ----------
    photographs
        `LISTING_SCHEMA`, sorted by path.
    ignored
        Number of hidden objects (a part of the path starts with ``.`` or ``_``) and folder markers.
    """

    photographs: pa.Table
    ignored: int


def list_photographs(root: Location) -> Listing:
    """List every object under a root, in chunks, and label it by the folder it lies in.

    Raises
    ------
    JobError
        If the root cannot be listed or holds no photograph.
    """
    ignored = 0
    batches: list[pa.RecordBatch] = []
    chunk: list[Photograph] = []
    for path, size, etag in _list_s3(root) if root.bucket else _list_local(root):
        if not path or path.endswith("/") or any(map(_is_hidden, path.split("/"))):
            ignored += 1
            continue
        label = path.rpartition("/")[0].rpartition("/")[2] or root.name
        chunk.append(Photograph(path, label, size, etag))
        if len(chunk) == _CHUNK:
            batches.append(_record_batch(chunk))
            chunk.clear()
    batches.append(_record_batch(chunk))
    photographs = pa.Table.from_batches(batches)
    if not photographs.num_rows:
        raise JobError(
            f"no photograph under {root.uri} ({ignored} hidden objects);"
            f" expected {root.uri}/…/<label>/<file>: check --images"
        )
    return Listing(photographs.sort_by("path"), ignored)


def is_rendered(root: Location) -> bool:
    """Say whether the root is a sample that `fruits images sample` rendered, as its marker file says."""
    try:
        marker = json.loads(bytes(obstore.get(root.open(), SAMPLE_MARKER).bytes()))
    except Exception:
        # Photographs of any other origin have no such file, and a role may not even ask for it.
        return False
    return isinstance(marker, dict) and marker.get("rendered") is True


def _is_hidden(part: str) -> bool:
    return part.startswith((".", "_")) and part not in (".", "..")  # these two are odd names on S3, and no folders


def _record_batch(photographs: list[Photograph]) -> pa.RecordBatch:
    columns = list(zip(*photographs, strict=True)) or [()] * len(LISTING_SCHEMA)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, LISTING_SCHEMA.types, strict=True)]
    batch = pa.record_batch(arrays, schema=LISTING_SCHEMA)
    # One buffer of the right size: those that grew as they were filled are half as large again.
    return pa.ipc.read_record_batch(batch.serialize(), LISTING_SCHEMA)


def _list_local(root: Location) -> Iterator[tuple[str, int, str]]:
    if not Path(root.path).is_dir():
        raise JobError(f"no folder {root.path}; give --images a folder of photographs or s3://bucket/prefix")
    folders = [("", frozenset({_inode(Path(root.path).stat())}))]
    while folders:
        folder, above = folders.pop()
        try:
            entries = os.scandir(f"{root.path}/{folder}")
        except FileNotFoundError:
            continue  # vanished since it was listed
        except OSError as error:
            raise JobError(f"cannot list {root.uri}/{folder}: {error.strerror}; grant the right, or move it") from error
        with entries:
            for entry in entries:
                path = f"{folder}{entry.name}"
                name = os.fsencode(path).decode("utf-8", "backslashreplace")
                try:
                    status = entry.stat()
                except OSError as error:
                    if entry.is_symlink() or not isinstance(error, FileNotFoundError):
                        yield name, 0, _NO_STATUS
                    continue  # without a link to it, what is not there has vanished meanwhile
                if not stat.S_ISDIR(status.st_mode):
                    yield name, status.st_size, _local_version(status) if name == path else _NO_UTF8
                elif _inode(status) not in above:  # a link may lead in a circle
                    folders.append((f"{path}/", above | {_inode(status)}))


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _local_version(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return _NO_FILE
    return _local_etag(status.st_mtime_ns // 1000, status.st_size)


def _list_s3(root: Location) -> Iterator[tuple[str, int, str]]:
    import boto3  # noqa: PLC0415 - the driver lists; workers need not load it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    prefix = f"{root.path}/" if root.path else ""
    try:
        for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=root.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                yield item["Key"].removeprefix(prefix), item["Size"], item["ETag"].strip('"')
    except (BotoCoreError, ClientError) as error:
        raise JobError(
            f"cannot list {root.uri}: {error}; check the URI, the region and the role's s3:ListBucket"
        ) from error


def _local_etag(modified_microseconds: int, size: int) -> str:
    """Name the version of a local file, which has no etag of its own."""
    return f"{modified_microseconds:x}-{size:x}"


def read_ahead(store: ObjectStore, photographs: Iterable[Photograph]) -> Iterator[tuple[Photograph, bytes | Rejected]]:
    """Read photographs in order, with many reads under way while the caller works on those that have arrived.

    Parameters
    ----------
    store
        The root of the listing, opened.
    photographs
        What to read.

    Yields
    ------
    tuple of Photograph and (bytes or Rejected)
        Each with its content, or with why it could not be read: `too-large`, `unsupported-name`, `vanished`, `changed`
        (since it was listed) or `unreadable`.
    """
    under_way: deque[tuple[list[Photograph], Future[list[bytes | Rejected]]]] = deque()
    size = 0
    with ThreadPoolExecutor(READS_IN_FLIGHT, thread_name_prefix="read") as pool:
        for group in _groups(photographs):
            under_way.append((group, pool.submit(_read_in_turn, store, group)))
            size += sum(photograph.bytes for photograph in group)
            while under_way and (len(under_way) >= READS_IN_FLIGHT or size > BYTES_IN_FLIGHT):
                first, contents = under_way.popleft()
                size -= sum(photograph.bytes for photograph in first)
                yield from zip(first, contents.result(), strict=True)
        for first, contents in under_way:
            yield from zip(first, contents.result(), strict=True)


def _groups(photographs: Iterable[Photograph]) -> Iterator[list[Photograph]]:
    """Divide photographs into what one thread reads in turn.

    Handing one photograph to a thread takes the time of reading three small ones, off the thread that infers. The
    first are handed out one by one all the same: the inference waits for them.
    """
    group: list[Photograph] = []
    size = 0
    for number, photograph in enumerate(photographs):
        group.append(photograph)
        size += photograph.bytes
        if number < READS_IN_FLIGHT or len(group) == _READS_IN_TURN or size > _BYTES_IN_TURN:
            yield group
            group, size = [], 0
    if group:
        yield group


def _read_in_turn(store: ObjectStore, photographs: list[Photograph]) -> list[bytes | Rejected]:
    return [_read(store, photograph) for photograph in photographs]


def _read(store: ObjectStore, photograph: Photograph) -> bytes | Rejected:
    if (refusal := _refusal(photograph)) is not None:
        return refusal
    try:
        result = obstore.get(store, photograph.path)
        etag = _etag(store, result.meta)
        if etag != photograph.etag:
            return Rejected("changed", f"listed as version {photograph.etag}, found as {etag}; the next run takes it")
        return bytes(result.bytes())
    except (FileNotFoundError, NotFoundError):
        return Rejected("vanished", "it was listed, but is not there any more")
    except Exception as error:
        # Refused or unreachable: one object's trouble must not end the run.
        return Rejected(_trouble(store, photograph, error), _first_line(error))


def _refusal(photograph: Photograph) -> Rejected | None:
    """Say why a photograph is not even asked for."""
    if photograph.etag in _UNREAD:
        return Rejected(*_UNREAD[photograph.etag])
    if photograph.bytes > MAX_BYTES:
        return Rejected("too-large", f"{photograph.bytes:,} bytes; at most {MAX_BYTES:,} are read")
    if photograph.path.startswith("/"):  # obstore would drop the slash, and read another object
        return Rejected("unsupported-name", "the name starts with a slash")
    return None


def _trouble(store: ObjectStore, photograph: Photograph, error: Exception) -> str:
    staged = isinstance(store, LocalStore) and _STAGED.search(photograph.path)
    return "unsupported-name" if staged or str(error).startswith("Could not parse path") else "unreadable"


def _etag(store: ObjectStore, meta: Any) -> str:
    if isinstance(store, LocalStore):
        return _local_etag(round(meta["last_modified"].timestamp() * 1_000_000), meta["size"])
    return str(meta["e_tag"]).strip('"')


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
