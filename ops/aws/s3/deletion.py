"""Deletion of all versions that lie in a bucket, in batches, repeatable after any failure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ops.aws.s3.contents import unfinished_uploads

_BATCH: Final = 1000  # the most that S3 takes in one request
_PASSING: Final = ("InternalError", "ServiceUnavailable", "SlowDown")
_TRIES: Final = 3


def delete_versions(s3: Any, bucket: str, prefix: str = "") -> Iterator[tuple[int, Sequence[str]]]:
    """Delete what lies in a bucket or a folder of it: objects, old versions, delete markers, unfinished uploads.

    Parameters
    ----------
    s3
        Client of S3.
    bucket, prefix
        Where.

    Yields
    ------
    tuple
        For each batch the number of entries that are deleted, and a line for each that S3 has kept.

    Raises
    ------
    botocore.exceptions.ClientError
        If it cannot be listed.
    """
    kept, deleted = 0, 1
    while deleted and not kept:  # a page may begin after a version that is gone by then: look until nothing is left
        deleted = 0
        pages = s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _BATCH}):
            listed = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            entries = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]
            if entries:
                count, refused = delete_entries(s3, bucket, entries)
                deleted, kept = deleted + count, kept + len(refused)
                yield count, refused
    for upload in unfinished_uploads(s3, bucket, prefix):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        yield 1, []


def delete_entries(s3: Any, bucket: str, entries: Sequence[Mapping[str, str]]) -> tuple[int, Sequence[str]]:
    """Delete versions and delete markers, at most a thousand; what is refused for now is asked for again.

    Parameters
    ----------
    s3
        Client of S3.
    bucket
        Where.
    entries
        Each with its `Key` and its `VersionId`.

    Returns
    -------
    tuple
        The number of entries that are deleted, and a line for each that S3 has kept.
    """
    errors: list[Mapping[str, str]] = []
    remaining = list(entries)
    for _ in range(_TRIES):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": remaining, "Quiet": True}).get("Errors", [])
        errors += [error for error in answer if error["Code"] not in _PASSING]
        passing = [error for error in answer if error["Code"] in _PASSING]
        remaining = [{"Key": error["Key"], "VersionId": error["VersionId"]} for error in passing]
        if not remaining:
            break
    else:
        errors += passing
    refused = [f"s3://{bucket}/{error['Key']}: {error['Code']} {error.get('Message', '')}".rstrip() for error in errors]
    return len(entries) - len(refused), refused
