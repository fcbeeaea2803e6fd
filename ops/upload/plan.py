"""What an upload would do: a folder of photographs, compared with what lies below a prefix of a bucket."""

import hashlib
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from job.errors import JobError
from job.storage.left_out import SAMPLE_MARKER
from job.storage.listing import is_photograph, list_photographs
from job.storage.locations import Location
from ops.aws.account import Client, asking
from ops.errors import FruitsError
from ops.upload.metadata import CannotStrip, without_metadata

_Result = TypeVar("_Result")
_GROUP: Final = 1000  # photographs that are handed to the threads at once


class UploadRefused(FruitsError):
    """There is nothing to upload; the message says what was looked for."""


@dataclass(frozen=True)
class Source:
    """Photographs of this machine, as they are to be uploaded.

    Parameters
    ----------
    folder
        Where they are.
    strip
        Whether they are uploaded without metadata.
    """

    folder: Path
    strip: bool

    def read(self, path: str) -> bytes:
        """Return what is uploaded of a file.

        Raises
        ------
        OSError
            If it cannot be read.
        CannotStrip
            If its metadata cannot be taken out.
        """
        content = (self.folder / path).read_bytes()
        return without_metadata(content) if self.strip and path != SAMPLE_MARKER else content

    def is_there(self, path: str, size: int, etag: str) -> bool:
        """Return whether an object of this size and ETag is what would be uploaded of a file."""
        if not self.strip:
            file = self.folder / path
            return file.stat().st_size == size and _md5(file) == etag
        content = self.read(path)
        return len(content) == size and hashlib.md5(content, usedforsecurity=False).hexdigest() == etag


@dataclass(frozen=True, kw_only=True)
class UploadPlan:
    """What an upload would do; paths are relative to the folder and sorted.

    Parameters
    ----------
    source
        The photographs.
    bucket, prefix
        Where the photographs go; the prefix ends in a slash.
    new, changed, unchanged
        Not on S3; there with another content; there as they are.
    gone
        Only on S3.
    unreadable
        Why a file cannot be read, or its metadata not be taken out, by its path.
    size
        Size of what is new or changed, in bytes, with its metadata.
    keys
        Where a file goes, below the prefix, for those that go elsewhere than to their path.
    left_out
        What is no photograph by its name, in words.
    """

    source: Source
    bucket: str
    prefix: str
    new: Sequence[str]
    changed: Sequence[str]
    unchanged: Sequence[str]
    gone: Sequence[str]
    unreadable: Mapping[str, str]
    size: int
    keys: Mapping[str, str]
    left_out: str

    def key(self, path: str) -> str:
        """Return where a file goes."""
        return self.prefix + self.keys.get(path, path)

    @property
    def uri(self) -> str:
        """Where the photographs go."""
        return f"s3://{self.bucket}/{self.prefix}"


def plan_upload(client: Client, folder: Path, bucket: str, prefix: str, *, strip: bool = False) -> UploadPlan:
    """Compare a folder with what lies below a prefix, by size and MD5.

    Parameters
    ----------
    client
        Clients of the account.
    folder, bucket, prefix
        What is compared with what.
    strip
        Whether photographs are uploaded without metadata.

    Raises
    ------
    UploadRefused
        If there is no photograph in the folder.
    AwsRefused
        If S3 refuses.

    Notes
    -----
    The ETag of an object that was put whole, not encrypted by a key of KMS, is its MD5 (API reference of S3, Object).
    What somebody has put in parts therefore counts as changed, and is put again, once.
    """
    prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    local, left_out = _list_folder(folder)
    with asking(f"list s3://{bucket}/{prefix}"):
        remote = _list_bucket(client("s3"), bucket, prefix)

    keys, source = _keys(local, remote), Source(folder, strip)

    def state(path: str) -> str:
        if keys[path] not in remote:
            return "new"
        try:
            return "unchanged" if source.is_there(path, *remote[keys[path]]) else "changed"
        except OSError as error:
            return str(error.strerror)
        except CannotStrip as error:
            return str(error)

    with ThreadPoolExecutor() as pool:
        states = dict(zip(local, each(pool, state, list(local)), strict=True))
    found: dict[str, list[str]] = {name: [] for name in ("new", "changed", "unchanged")}
    unreadable = {}
    for path, name in states.items():
        if name in found:
            found[name].append(path)
        else:
            unreadable[path] = name
    return UploadPlan(
        source=source,
        bucket=bucket,
        prefix=prefix,
        **found,
        gone=sorted(remote.keys() - set(keys.values())),
        unreadable=unreadable,
        size=sum(local[path] for path in (*found["new"], *found["changed"])),
        keys={path: key for path, key in keys.items() if key != path},
        left_out=left_out,
    )


def require_photographs(folder: Path) -> None:
    """Refuse a folder that has none.

    Raises
    ------
    UploadRefused
        If there is nothing to upload.
    """
    _list_folder(folder)


def _keys(local: Collection[str], remote: Collection[str]) -> dict[str, str]:
    """Return where each file goes: to the name that is there already, however its accents are written, or to form C.

    A Mac gives names in form D; the same folder from another machine would be uploaded beside it.
    """
    there = {_form_c(name): name for name in remote}
    names = set(local)

    def key(path: str) -> str:
        form_c = _form_c(path)
        if path in remote or (path != form_c and form_c in names):
            return path  # beside another file, whose name differs by this alone
        return there.get(form_c, form_c)

    return {path: key(path) for path in local}


def _form_c(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _list_folder(folder: Path) -> tuple[dict[str, int], str]:
    """Return the sizes of what the job would take for photographs, and of the marker of a rendered sample.

    With it goes what is left out, in words.
    """
    try:
        listing = list_photographs(Location(None, str(folder.resolve())))
    except JobError as error:
        reason = str(error).partition(";")[0]
        raise UploadRefused(
            f"{reason}; give a folder with <label>/<file> in it, or: fruits images sample FOLDER"
        ) from None
    photographs, left_out = listing.photographs, listing.left_out
    found = dict(zip(photographs["path"].to_pylist(), photographs["bytes"].to_pylist(), strict=True))
    marker = folder / SAMPLE_MARKER
    return found | ({SAMPLE_MARKER: marker.stat().st_size} if marker.is_file() else {}), str(left_out)


def _list_bucket(s3: Any, bucket: str, prefix: str) -> dict[str, tuple[int, str]]:
    """Return sizes and ETags of objects; hidden ones and markers of folders are none of ours."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            path = item["Key"].removeprefix(prefix)
            if path == SAMPLE_MARKER or is_photograph(path):
                found[path] = (item["Size"], item["ETag"].strip('"'))
    return found


def _md5(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def each(pool: ThreadPoolExecutor, work: Callable[[str], _Result], items: Sequence[str]) -> Iterator[_Result]:
    """Return the results in order, with never more than a group of work waiting."""
    for start in range(0, len(items), _GROUP):
        yield from pool.map(work, items[start : start + _GROUP])
