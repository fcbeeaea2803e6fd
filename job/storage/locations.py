"""URIs: one way to name, list and open what lies on this machine and on S3."""

import io
import os
import posixpath
import re
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import obstore
from obstore.store import LocalStore, ObjectStore

from job.errors import JobError
from job.storage.access import S3Access, access_to

_S3_SCHEMES = ("s3", "s3a", "s3n")

# What is meant for S3 and would be a folder named `s3:` or `s3` here, or belongs to another kind of store.
_MISTYPED = re.compile(r"(?:s3[an]?(?::/?(?!/)|//)|(?:https?|hdfs|gs|abfss?|wasbs?|dbfs|ftp):)", re.IGNORECASE)
_S3_ANYHOW = re.compile(r"s3[an]?[:/]+(?P<rest>[^/:].*)", re.IGNORECASE)
_S3_BY_HOST = re.compile(
    r"https?://(?:(?P<bucket>[^/]+)\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.[a-z.]+/(?P<path>[^?#]*)", re.IGNORECASE
)


@dataclass(frozen=True)
class Location:
    """A folder on this machine or a prefix on S3.

    Parameters
    ----------
    bucket
        Name of the S3 bucket, or None on this machine.
    path
        Absolute POSIX path, or the key prefix in the bucket without slashes at its ends.
    access
        How the bucket is reached, once that is known.

    Notes
    -----
    The path of a URI is taken as it stands: names are not percent-encoded, so ``100%.jpg`` is ``file:///…/100%.jpg``.
    Spark's rule for ``//``, ``.`` and ``..`` holds on S3, too: ``s3://bucket/a//b`` is ``s3://bucket/a/b``
    (org.apache.hadoop.fs.Path).
    """

    bucket: str | None
    path: str
    access: S3Access | None = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Location":
        """Read an S3 URI (``s3``, ``s3a``, ``s3n``), a ``file:`` URI or a plain path.

        Raises
        ------
        JobError
            For another scheme or an S3 URI without a bucket.
        """
        scheme, separator, rest = text.partition("://")
        if _MISTYPED.match(text):
            raise _not_a_location(text)
        if not separator:
            scheme, rest = "file", text.removeprefix("file:")
            if not rest:
                raise JobError("the URI is empty; give a folder or s3://bucket/prefix")
            rest = str(Path.cwd() / _expanded(rest))
        if scheme == "file":
            return cls(None, os.path.normpath("/" + rest.strip("/")))
        bucket, _, prefix = rest.partition("/")
        if scheme not in _S3_SCHEMES or not bucket:
            raise _not_a_location(text)
        return cls(bucket, posixpath.normpath(f"/{prefix}").strip("/"))

    @property
    def uri(self) -> str:
        """The location as a URI, without a slash at its end."""
        if self.bucket is None:
            return f"file://{self.path}"
        return f"s3://{self.bucket}/{self.path}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of the path; the bucket where there is none."""
        return self.path.rsplit("/", 1)[-1] or self.bucket or ""

    def child(self, relative: str) -> "Location":
        """Return the location below this one; a relative path is taken as it stands, also with a slash before it."""
        return replace(self, path=f"{self.path.rstrip('/')}/{relative}" if self.path else relative)

    def contains(self, other: "Location") -> bool:
        """Return whether another location is this one or lies below it, wherever links lead."""
        inner, outer = (other.path, self.path) if self.bucket else map(os.path.realpath, (other.path, self.path))
        return self.bucket == other.bucket and PurePosixPath(inner).is_relative_to(outer)

    def parent(self) -> "Location":
        """Return the folder this location lies in."""
        return replace(self, path=self.path.rpartition("/")[0] or ("" if self.bucket else "/"))

    def reached(self) -> "Location":
        """Return the location with how it is reached from here, for workers that know less than the driver.

        Raises
        ------
        JobError
            If S3 cannot be asked.
        """
        return replace(self, access=access_to(self.bucket)) if self.bucket and not self.access else self

    def open(self, *, create: bool = False) -> ObjectStore:
        """Open the location for reading and writing objects by their relative path.

        Parameters
        ----------
        create
            Make the folder if it is missing; S3 needs none.
        """
        if self.bucket is None:
            return LocalStore(self.path, automatic_cleanup=True, mkdir=create)
        return (self.access or access_to(self.bucket)).open(self.path)


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises where there is no such user or home


def _not_a_location(text: str) -> JobError:
    accepted = "accepted are a folder, file:///folder and s3://bucket/prefix"
    guess = _guessed_uri(text)
    return JobError(f"cannot read the URI {text!r}; {f'did you mean {guess}? ' if guess else ''}{accepted}")


def _guessed_uri(text: str) -> str:
    """Guess the S3 URI that somebody has mistyped, or copied from a browser."""
    if found := _S3_BY_HOST.match(text):
        return f"s3://{'/'.join(part for part in (found['bucket'], found['path']) if part)}"
    found = _S3_ANYHOW.match(text)
    return f"s3://{found['rest']}" if found else ""


class ObjectReader(io.RawIOBase):
    """An object as a seekable file, read by ranges: what Parquet needs to fetch a footer and single columns.

    Not obstore's own reader: without an attribute `closed`, pyarrow takes it for a closed file (obstore 0.12.1).
    """

    def __init__(self, store: ObjectStore, path: str) -> None:
        super().__init__()
        self._store, self._path = store, path
        self._size = int(obstore.head(store, path)["size"])
        self._position = 0

    def readable(self) -> bool:
        """Return true, or `io` would not read."""
        return True

    def seekable(self) -> bool:
        """Return true: S3 answers ranges of bytes."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position in bytes; nothing is requested."""
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Request the next bytes."""
        rest = max(0, self._size - self._position)
        length = rest if size < 0 else min(size, rest)
        if not length:
            return b""
        content = bytes(obstore.get_range(self._store, self._path, start=self._position, length=length))
        self._position += length
        return content
