"""Objects of S3 below a URI: listed and read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from job.storage.locations import Location
from ops.aws.account import Client, absent, asking


@dataclass(frozen=True)
class Object:
    """An object below a folder: path relative to it, time of its last change, version, size in bytes."""

    path: str
    modified: datetime
    etag: str
    size: int


@dataclass(frozen=True)
class Folder:
    """A folder of a bucket.

    Parameters
    ----------
    client
        Clients of the account.
    uri
        ``s3://bucket/prefix``, however it ends; ``s3n`` and ``s3a`` are the same.
    """

    client: Client
    uri: str

    @property
    def location(self) -> Location:
        """Bucket and prefix."""
        return Location.parse(self.uri)

    def list(self, below: str = "") -> Iterator[Object]:
        """List the objects whose path begins with `below`."""
        location = self.location
        root = f"{location.path}/" if location.path else ""
        with asking(f"list {location.uri}"):
            pages = self.client("s3").get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=_bucket(location), Prefix=root + below):
                for item in page.get("Contents", ()):
                    path = item["Key"].removeprefix(root)
                    yield Object(path, item["LastModified"], item["ETag"], item["Size"])

    def read(self, path: str) -> bytes | None:
        """Read an object whole; None if there is none."""
        where = self.location.child(path)
        with asking(f"read {where.uri}"), absent("NoSuchKey", "404"):
            content: bytes = self.client("s3").get_object(Bucket=_bucket(where), Key=where.path)["Body"].read()
            return content
        return None


def _bucket(location: Location) -> str:
    if location.bucket is None:
        raise ValueError(f"{location.uri} is no folder of a bucket; accepted: s3://bucket/folder")
    return location.bucket
