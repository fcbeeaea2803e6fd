"""Upload photographs to S3: new and changed ones, many at a time, under the names that they have in their folder."""

import mimetypes
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from job.storage.left_out import SAMPLE_MARKER
from ops.aws.account import AwsRefused, Client, asking
from ops.upload.metadata import CannotStrip
from ops.upload.plan import UploadPlan, each

Progress = Callable[[int, int], None]
"""Called with how many photographs are done, and how many there are to do."""

_DELETED_AT_ONCE: Final = 1000  # S3's limit


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What an upload did: photographs uploaded, left as they were, deleted, and why others could not be read."""

    uploaded: int
    unchanged: int
    deleted: int
    unreadable: Mapping[str, str]


def carry_out(client: Client, plan: UploadPlan, progress: Progress, *, delete: bool = False) -> Summary:
    """Do what was planned.

    Raises
    ------
    AwsRefused
        If S3 refuses; what was uploaded until then counts as unchanged the next time.
    """
    s3 = client("s3")
    wanted = [*plan.new, *plan.changed]
    unreadable = dict(plan.unreadable)

    def put(path: str) -> str:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        try:
            content = plan.source.read(path)
        except OSError as error:
            return str(error.strerror)
        except CannotStrip as error:
            return str(error)
        s3.put_object(Bucket=plan.bucket, Key=plan.key(path), Body=content, ContentType=kind)
        return ""

    progress(0, len(wanted))
    with asking(f"upload to {plan.uri}"), ThreadPoolExecutor(_connections(s3)) as pool:
        for done, (path, problem) in enumerate(zip(wanted, each(pool, put, wanted), strict=True), 1):
            if problem:
                unreadable[path] = problem
            progress(done, len(wanted))
    gone = plan.gone if delete else ()
    with asking(f"delete from {plan.uri}"):
        for start in range(0, len(gone), _DELETED_AT_ONCE):
            paths = gone[start : start + _DELETED_AT_ONCE]
            answer = s3.delete_objects(
                Bucket=plan.bucket, Delete={"Objects": [{"Key": plan.prefix + path} for path in paths], "Quiet": True}
            )
            for error in answer.get("Errors", ()):
                reason = error.get("Message", error["Code"])
                raise AwsRefused(f"cannot delete s3://{plan.bucket}/{error['Key']}: {reason}")
    return Summary(
        uploaded=_photographs(path for path in wanted if path not in unreadable),
        unchanged=_photographs(plan.unchanged),
        deleted=_photographs(gone),
        unreadable=unreadable,
    )


def _photographs(paths: Iterable[str]) -> int:
    return sum(path != SAMPLE_MARKER for path in paths)


def _connections(client: Any) -> int:
    """Return the size of a client's pool of connections, of which the stubs of botocore do not know."""
    connections: int = client.meta.config.max_pool_connections
    return connections
