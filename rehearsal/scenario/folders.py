"""A folder on S3, by boto3: what a user sees of a bucket, with nothing of the job's own code."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

Version = tuple[str, str]
"""Etag, without its quotes, and version id of an object."""


@dataclass(frozen=True)
class Folder:
    """A prefix of a bucket.

    Parameters
    ----------
    s3
        Client of S3.
    bucket
        Name of the bucket.
    prefix
        With a slash at its end, or empty.
    """

    s3: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, s3: Any, uri: str) -> "Folder":
        """Read a URI such as ``s3://bucket/images/``."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return cls(s3, bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/")

    @property
    def uri(self) -> str:
        """The folder as a URI, with a slash at its end."""
        return f"s3://{self.bucket}/{self.prefix}"

    def below(self, path: str) -> "Folder":
        """Return a folder in this one."""
        return Folder(self.s3, self.bucket, f"{self.prefix}{path.strip('/')}/")

    def sizes(self) -> dict[str, int]:
        """List the paths in the folder, with bytes."""
        return {path: item["Size"] for path, item in self._list()}

    def etags(self) -> dict[str, str]:
        """List the paths in the folder, with etags."""
        return {path: item["ETag"].strip('"') for path, item in self._list()}

    def versions(self) -> dict[str, Version]:
        """List the current versions of what is in the folder."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return {
            item["Key"].removeprefix(self.prefix): (item["ETag"].strip('"'), item["VersionId"])
            for page in pages
            for item in page.get("Versions", ())
            if item["IsLatest"]
        }

    def get(self, path: str) -> bytes:
        """Read an object."""
        content: bytes = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}{path}")["Body"].read()
        return content

    def find(self, path: str) -> bytes | None:
        """Read an object if it is there."""
        try:
            return self.get(path)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise

    def put(self, path: str, content: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}{path}", Body=content)

    def delete(self, path: str) -> None:
        """Delete an object; a bucket with versions hides it behind a marker."""
        self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}{path}")

    def read_tables(self, paths: Mapping[str, Any] | list[str]) -> dict[str, pa.Table]:
        """Read Parquet objects."""
        return {path: pq.read_table(io.BytesIO(self.get(path))) for path in paths}

    def _list(self) -> Iterator[tuple[str, dict[str, Any]]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"].removeprefix(self.prefix), item
