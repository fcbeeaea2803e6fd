"""Erasure of what was found: written anew without the photograph, or deleted; may be repeated after any failure."""

from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from job.storage.names import batch_name
from job.storage.parquet import digest
from ops.aws.account import Client, asking
from ops.aws.s3.deletion import delete_entries
from ops.teardown.empty.deletion import DeletionFailed, kept_sentence
from ops.teardown.forget.traces import Trace, Traces, Version, read_version

_AT_ONCE: Final = 1000  # the most that S3 takes in one request


def erase(client: Client, traces: Traces, progress: Callable[[int], None] = lambda done: None) -> int:
    """Erase a photograph and what knows it.

    Parameters
    ----------
    client
        Clients of the account.
    traces
        What was found.
    progress
        Called with the number of objects dealt with so far.

    Returns
    -------
    int
        Number of versions and delete markers deleted.

    Raises
    ------
    DeletionFailed
        If S3 has kept some of it. All else is done; doing it again does the rest.
    AwsRefused
        If S3 cannot be asked.

    Notes
    -----
    What is written anew is there before the old versions go: a run after a failure in between finds rows twice, of
    which the first counts, and none lost.
    """
    deleted, errors = 0, list[str]()
    with asking(f"forget {traces.subject.uri}"):
        for done, trace in enumerate(traces.results, 1):
            count, refused = _delete(client, traces.bucket, _written_anew(client, traces, trace))
            deleted, errors = deleted + count, errors + refused
            progress(done)
        count, refused = _delete(client, traces.bucket, traces.photograph)
        key = traces.subject.key
        for upload in traces.uploads:
            client("s3").abort_multipart_upload(Bucket=traces.bucket, Key=key, UploadId=upload)
    if errors + refused:
        raise DeletionFailed(kept_sentence(errors + refused))
    return deleted + count


def _written_anew(client: Client, traces: Traces, trace: Trace) -> Sequence[Version]:
    """Write an object anew where that is possible, and return what is to be deleted of it."""
    current, kind = trace.current, trace.kind
    if current is None:
        return trace.knowing  # old versions alone
    content = read_version(client, traces.bucket, current) if kind.without else None
    kept = kind.without(content, traces.subject) if kind.without and content is not None else None
    if kept is None:
        return trace.versions  # what an old version holds must not come back
    key = _renamed(trace.key, kept) if kind.moves else trace.key
    client("s3").put_object(Bucket=traces.bucket, Key=key, Body=kept)
    return trace.versions if kind.moves else trace.knowing


def _renamed(key: str, content: bytes) -> str:
    """Name a batch by what is in it, as the job does."""
    return (
        f"{key.rpartition('/')[0]}/{batch_name(digest(content), pq.read_metadata(pa.BufferReader(content)).num_rows)}"
    )


def _delete(client: Client, bucket: str, versions: Sequence[Version]) -> tuple[int, list[str]]:
    deleted, errors = 0, list[str]()
    for start in range(0, len(versions), _AT_ONCE):
        entries = [{"Key": item.key, "VersionId": item.id} for item in versions[start : start + _AT_ONCE]]
        count, refused = delete_entries(client("s3"), bucket, entries)
        deleted, errors = deleted + count, [*errors, *refused]
    return deleted, errors
