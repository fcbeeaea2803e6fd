"""Deleting what lies in buckets, in batches, repeatable after any failure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ops.aws.account import AwsRefused, Client, asking
from ops.aws.s3.contents import unfinished_uploads
from ops.teardown.empty.plan import EmptyingPlan, Part

_BATCH: Final = 1000  # the most that S3 takes in one request
_PASSING: Final = ("InternalError", "ServiceUnavailable", "SlowDown")
_TRIES: Final = 3
_SHOWN: Final = 3


class DeletionFailed(AwsRefused):
    """S3 has kept some of it; the message names the first and the reason."""


def delete_all(client: Client, plan: EmptyingPlan, progress: Callable[[int], None] = lambda done: None) -> int:
    """Delete what a plan names, and whatever has come since.

    Parameters
    ----------
    client
        Clients of the account.
    plan
        From `ops.teardown.empty.plan`.
    progress
        Told of the number of entries deleted so far.

    Returns
    -------
    int
        Number of entries deleted.

    Raises
    ------
    DeletionFailed
        If S3 has kept some of it. All else is deleted; doing it again deletes the rest.
    AwsRefused
        If S3 cannot be asked.
    """
    done, errors = 0, []
    for part in plan.parts:
        with asking(f"delete what lies in {part}"):
            for deleted, refused in _delete(client("s3"), part):
                done += deleted
                errors += refused
                progress(done)
    if errors:
        raise DeletionFailed(_sentence(errors))
    return done


def _delete(s3: Any, part: Part) -> Iterator[tuple[int, list[str]]]:
    for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=part.bucket, Prefix=part.prefix, PaginationConfig={"PageSize": _BATCH}
    ):
        listed = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        entries = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed]
        if entries:
            yield _delete_batch(s3, part.bucket, entries)
    for upload in unfinished_uploads(s3, part.bucket, part.prefix):
        s3.abort_multipart_upload(Bucket=part.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        yield 1, []


def _delete_batch(s3: Any, bucket: str, entries: Sequence[Mapping[str, str]]) -> tuple[int, list[str]]:
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


def _sentence(errors: Sequence[str]) -> str:
    more = f" and {len(errors) - _SHOWN:,} more" if len(errors) > _SHOWN else ""
    return (
        f"S3 has kept {len(errors):,} of the entries, all others are deleted: {'; '.join(errors[:_SHOWN])}{more};"
        " mend that and run the same command again"
    )
