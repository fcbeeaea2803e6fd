"""URIs: one way to name, list and open what lies on this machine and on S3."""

import io
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from job.errors import JobError

_S3_SCHEMES = ("s3", "s3a", "s3n")
_PROFILES = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}


@dataclass(frozen=True)
class Location:
    """A folder on this machine or a prefix on S3.

    Parameters
    ----------
    bucket
        Name of the S3 bucket, or None on this machine.
    path
        Absolute POSIX path, or the key prefix in the bucket without slashes at its ends.

    Notes
    -----
    The path of a URI is taken as it stands: names are not percent-encoded, so ``100%.jpg`` is ``file:///…/100%.jpg``.
    """

    bucket: str | None
    path: str

    @classmethod
    def parse(cls, text: str) -> "Location":
        """Read an S3 URI (``s3``, ``s3a``, ``s3n``), a ``file:`` URI or a plain path.

        Raises
        ------
        JobError
            For another scheme or an S3 URI without a bucket.
        """
        scheme, separator, rest = text.partition("://")
        if not separator:
            scheme, rest = "file", text.removeprefix("file:")
            if not rest:
                raise JobError("the URI is empty; give a folder or s3://bucket/prefix")
            rest = str(Path.cwd() / _expanded(rest))
        if scheme == "file":
            return cls(None, os.path.normpath("/" + rest.strip("/")))
        bucket, _, prefix = rest.partition("/")
        if scheme not in _S3_SCHEMES or not bucket:
            raise JobError(
                f"cannot read the URI {text!r}; accepted are a folder, file:///folder and s3://bucket/prefix"
            )
        return cls(bucket, prefix.strip("/"))

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
        """Give the location below this one; the relative path is taken as it stands, also if it starts with a slash."""
        return Location(self.bucket, f"{self.path.rstrip('/')}/{relative}" if self.path else relative)

    def contains(self, other: "Location") -> bool:
        """Say whether another location is this one or lies below it, wherever links lead."""
        inner, outer = (other.path, self.path) if self.bucket else map(os.path.realpath, (other.path, self.path))
        return self.bucket == other.bucket and PurePosixPath(inner).is_relative_to(outer)

    def parent(self) -> "Location":
        """Give the folder this location lies in."""
        return Location(self.bucket, self.path.rpartition("/")[0] or ("" if self.bucket else "/"))

    def open(self, *, create: bool = False) -> ObjectStore:
        """Open the location for reading and writing objects by their relative path.

        Parameters
        ----------
        create
            Make the folder if it is missing; S3 needs none.
        """
        if self.bucket is None:
            return LocalStore(self.path, automatic_cleanup=True, mkdir=create)
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return S3Store(
            self.bucket,
            prefix=self.path or None,
            endpoint=endpoint,
            virtual_hosted_style_request=endpoint is None,
            credential_provider=_profile(),
            client_options={
                "allow_http": bool(endpoint) and urlsplit(endpoint).scheme == "http",
                "pool_idle_timeout": timedelta(seconds=20),
                "timeout": timedelta(seconds=60),
            },
            # Half a minute or more, with connections that are refused at once, too; 3 minutes at most.
            retry_config={
                "max_retries": 12,
                "retry_timeout": timedelta(minutes=3),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=200),
                    "max_backoff": timedelta(seconds=10),
                    "base": 3,
                },
            },
        )


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises where there is no such user or home


def _profile() -> Any:
    """Let boto3 find the keys of a profile, as engineers have them on a laptop; obstore finds those of nodes alone."""
    files = (_expanded(os.environ.get(variable, default)) for variable, default in _PROFILES.items())
    if "AWS_ACCESS_KEY_ID" in os.environ or not any(map(Path.exists, files)):
        return None
    import boto3  # noqa: PLC0415 - takes a worker's time and memory, which nodes need not give
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415

    session = boto3.Session()
    return Boto3CredentialProvider(session) if session.get_credentials() else None


class ObjectReader(io.RawIOBase):
    """An object as a seekable file, read by ranges: what Parquet needs to fetch a footer and single columns."""

    def __init__(self, store: ObjectStore, path: str) -> None:
        super().__init__()
        self._store, self._path = store, path
        self._size = int(obstore.head(store, path)["size"])
        self._position = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Give the position in bytes."""
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
