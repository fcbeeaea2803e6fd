"""List photographs: one code path for a folder and for S3, with a version for each object."""

import json
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import obstore
import pyarrow as pa

from job.errors import JobError
from job.storage.access import asking_s3, s3_client
from job.storage.left_out import ARCHIVES, SAMPLE_MARKER, LeftOut, left_out
from job.storage.locations import Location


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

# Stand in a listing for the version of what has a name, but cannot be asked for as an object.
NO_STATUS: Final = "no-status"
NO_FILE: Final = "no-file"
NO_UTF8: Final = "no-utf-8"
_CHUNK: Final = 10_000


@dataclass(frozen=True)
class Listing:
    """What lies under a root.

    Parameters
    ----------
    photographs
        `LISTING_SCHEMA`, sorted by path.
    left_out
        What is no photograph by its name.
    notes
        Sentences on what is odd about the folders.
    """

    photographs: pa.Table
    left_out: LeftOut
    notes: tuple[str, ...] = ()


def list_photographs(root: Location) -> Listing:
    """List every object under a root, in chunks, and label it by the folder it lies in.

    Labels are in Unicode's normal form C, as macOS gives names in another form than all others (Unicode Standard Annex
    15); paths stay as they are.

    Raises
    ------
    JobError
        If the root cannot be listed or holds no photograph.
    """
    left = LeftOut()
    labels: dict[str, str] = {}
    batches: list[pa.RecordBatch] = []
    chunk: list[Photograph] = []
    for path, size, etag in _list_s3(root) if root.bucket else _list_local(root):
        if kind := left_out(path):
            if path != SAMPLE_MARKER:  # of our own
                left.add(kind, path)
            continue
        folder = path.rpartition("/")[0].rpartition("/")[2] or root.name
        label = labels.get(folder) or labels.setdefault(folder, unicodedata.normalize("NFC", folder))
        chunk.append(Photograph(path, label, size, etag))
        if len(chunk) == _CHUNK:
            batches.append(_record_batch(chunk))
            chunk.clear()
    batches.append(_record_batch(chunk))
    photographs = pa.Table.from_batches(batches)
    if not photographs.num_rows:
        raise JobError(
            f"no photograph under {root.uri} ({str(left) or 'nothing at all'});"
            f" expected {root.uri}/…/<label>/<file>: {_advice(root)}"
        )
    photographs = photographs.sort_by("path")
    batches.clear()
    pa.default_memory_pool().release_unused()  # the unsorted listing's memory, as much as the sorted one's
    return Listing(photographs, left, tuple(_written_in_two_ways(labels)))


def is_photograph(path: str) -> bool:
    """Return whether the job takes an object, by its path below the root, for a photograph."""
    return not left_out(path)


def is_rendered(root: Location) -> bool:
    """Return whether the root is a sample that `fruits images sample` rendered, as its marker file says."""
    try:
        marker = json.loads(bytes(obstore.get(root.open(), SAMPLE_MARKER).bytes()))
    except Exception:
        # Photographs of any other origin have no such file, and a role may not even ask for it.
        return False
    return isinstance(marker, dict) and marker.get("rendered") is True


def _written_in_two_ways(labels: dict[str, str]) -> Iterator[str]:
    """Yield which labels folders give in two forms, as a copy from a Mac beside one from elsewhere does."""
    counts = Counter(labels.values())
    for label in sorted(label for label, count in counts.items() if count > 1):
        yield f"folders named {label!r} are written in {counts[label]} ways (accents, Unicode NFC and NFD): one label"


def _advice(root: Location) -> str:
    """Return what to do where nothing is found: also S3 has files, which are no folders."""
    if root.bucket and root.path:
        with suppress(JobError), asking_s3(f"look at {root.uri}"):
            found = s3_client().list_objects_v2(Bucket=root.bucket, Prefix=root.path, MaxKeys=1).get("Contents", ())
            if any(item["Key"] == root.path for item in found):
                return f"{root.uri} is a file; {_instead_of_file(root)}"
    return "check --images"


def _instead_of_file(root: Location) -> str:
    ending = root.name.casefold().rpartition(".")[2]
    return "unpack it, and give the folder" if ARCHIVES.fullmatch(ending) else f"give its folder, {root.parent().uri}"


def _require_folder(root: Location) -> None:
    path = Path(root.path)
    if path.is_dir():
        return
    if path.is_file():
        raise JobError(f"no folder {path}: it is a file; {_instead_of_file(root)}")
    if any(character in root.path for character in "*?["):
        whole = next(parent for parent in path.parents if parent.is_dir())
        raise JobError(f"no folder {path}; a pattern is not expanded here: give --images one folder, such as {whole}")
    raise JobError(f"no folder {path}; give --images a folder of photographs or s3://bucket/prefix")


def _record_batch(photographs: list[Photograph]) -> pa.RecordBatch:
    columns = list(zip(*photographs, strict=True)) or [()] * len(LISTING_SCHEMA)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, LISTING_SCHEMA.types, strict=True)]
    batch = pa.record_batch(arrays, schema=LISTING_SCHEMA)
    # One buffer of the right size: those that grew as they were filled are half as large again.
    return pa.ipc.read_record_batch(batch.serialize(), LISTING_SCHEMA)


def _list_local(root: Location) -> Iterator[tuple[str, int, str]]:
    _require_folder(root)
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
                        yield name, 0, NO_STATUS
                    continue  # without a link to it, what is not there has vanished meanwhile
                if not stat.S_ISDIR(status.st_mode):
                    yield name, status.st_size, local_version(status) if name == path else NO_UTF8
                elif _inode(status) not in above:  # a link may lead in a circle
                    folders.append((f"{path}/", above | {_inode(status)}))


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def local_version(status: os.stat_result) -> str:
    """Name the version of what lies under a name: a file's, or that it is none."""
    if not stat.S_ISREG(status.st_mode):
        return NO_FILE
    return local_etag(status.st_mtime_ns // 1000, status.st_size)


def _list_s3(root: Location) -> Iterator[tuple[str, int, str]]:
    prefix = f"{root.path}/" if root.path else ""
    with asking_s3(f"list {root.uri}", otherwise="check --images and the role's s3:ListBucket"):
        pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=root.bucket, Prefix=prefix)
        for item in (item for page in pages for item in page.get("Contents", ())):
            yield item["Key"].removeprefix(prefix), item["Size"], item["ETag"].strip('"')


def local_etag(modified_microseconds: int, size: int) -> str:
    """Name the version of a local file, which has no etag of its own."""
    return f"{modified_microseconds:x}-{size:x}"
