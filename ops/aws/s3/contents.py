"""What lies in a bucket, counted as it is listed: versions, delete markers and unfinished uploads included."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.quantities import size

_GIB = 2**30


@dataclass(frozen=True)
class Contents:
    """How much lies in a bucket or a folder of it.

    Parameters
    ----------
    objects
        That a listing shows.
    versions
        Older ones, which it does not show.
    markers
        Delete markers.
    uploads
        Unfinished multipart uploads, whose parts are paid for.
    size
        Size of all versions and parts, in bytes.
    complete
        Whether all was counted.
    """

    objects: int = 0
    versions: int = 0
    markers: int = 0
    uploads: int = 0
    size: int = 0
    complete: bool = True

    @property
    def gib(self) -> float:
        """Size in GiB."""
        return self.size / _GIB

    @property
    def entries(self) -> int:
        """Number of deletions that empty it."""
        return self.objects + self.versions + self.markers + self.uploads

    @property
    def empty(self) -> bool:
        """Whether nothing lies there."""
        return not self.entries

    def __str__(self) -> str:
        """Return what is there: ``3 objects, 1 old version, 0.52 GiB``."""
        counts = (
            (self.objects, "object"),
            (self.versions, "old version"),
            (self.markers, "delete marker"),
            (self.uploads, "unfinished upload"),
        )
        parts = [f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
        return ("" if self.complete else "at least ") + ", ".join((*parts, size(self.size))) if parts else "nothing"

    def __add__(self, other: "Contents") -> "Contents":
        return Contents(
            self.objects + other.objects,
            self.versions + other.versions,
            self.markers + other.markers,
            self.uploads + other.uploads,
            self.size + other.size,
            self.complete and other.complete,
        )


def count_contents(s3: Any, bucket: str, *, prefix: str = "", most: int | None = None) -> Contents:
    """Count what lies in a bucket, a page at a time.

    Parameters
    ----------
    s3
        Client of S3.
    bucket, prefix
        Where.
    most
        Number of entries after which to stop.

    Raises
    ------
    botocore.exceptions.ClientError
        If it cannot be listed.
    """
    total = Contents()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        versions = page.get("Versions", ())
        latest = sum(1 for item in versions if item["IsLatest"])
        stored = sum(item["Size"] for item in versions)
        total += Contents(latest, len(versions) - latest, len(page.get("DeleteMarkers", ())), size=stored)
        if most is not None and total.entries >= most:
            return total + Contents(complete=not page["IsTruncated"])
    for upload in unfinished_uploads(s3, bucket, prefix):
        total += Contents(uploads=1, size=_size_of_parts(s3, bucket, upload))
    return total


def unfinished_uploads(s3: Any, bucket: str, prefix: str) -> Iterable[Mapping[str, Any]]:
    """List the multipart uploads that nobody has ended, a page at a time."""
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Uploads", ())


def _size_of_parts(s3: Any, bucket: str, upload: Mapping[str, Any]) -> int:
    parts = s3.get_paginator("list_parts").paginate(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return sum(part["Size"] for page in parts for part in page.get("Parts", ()))
