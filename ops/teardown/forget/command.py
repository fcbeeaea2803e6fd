"""``fruits forget``: erase one photograph, and all that was made of it."""

from collections import Counter
from typing import Annotated

import typer

from ops.aws.place import Place, find_place
from ops.console import Context, out, progress_bar, status
from ops.errors import FruitsError
from ops.teardown.empty.confirmation import confirm_bucket_name
from ops.teardown.empty.plan import require_unused
from ops.teardown.forget.erasure import erase
from ops.teardown.forget.subject import Subject, read_subject
from ops.teardown.forget.traces import Traces, find_traces
from ops.teardown.options import Account, BucketName

_NAMED = 3


def forget(
    photograph: Annotated[str, typer.Argument(help="The photograph: s3://<data bucket>/images/…/<label>/<file>.")],
    *,
    context: Context = None,
    yes_delete: BucketName = None,
    account_number: Account = None,
) -> None:
    """Erase one photograph and what was made of it, in all versions, and prove it by looking again.

    That takes two keys: the whole address of one photograph, and the name of the data bucket, typed or given.
    Exit codes: 0 erased, or nothing was there, 1 not or not all, 2 the name of the bucket is missing.
    """
    place = find_place(context, number=account_number)
    images, output = (place.deployment.output("FruitsStorage", name) for name in ("ImagesUri", "OutputUri"))
    subject = read_subject(photograph, images)
    traces = _look(place, subject, output)
    _show(traces)
    if not traces.none:
        require_unused(place.client, place.settings.env, [traces.bucket])
        confirm_bucket_name(traces.bucket, yes_delete)
        with progress_bar("Erasing", "objects") as advance:
            deleted = erase(place.client, traces, lambda done: advance(done, len(traces.results)))
        out.print(f"{_counted(deleted, 'version')} deleted")
        traces = _look(place, traces.subject, output)
        if not traces.none:
            _show(traces)
            raise FruitsError("some of it has come back, or was not deleted: see what writes there, and run this again")
        out.print(f"Looked again at all versions below {output} ({traces.looked_at:,}): none knows it", soft_wrap=True)
    _print_what_is_left(place, traces)


def _look(place: Place, subject: Subject, output: str) -> Traces:
    with status(f"Looking for {subject.uri}"):
        return find_traces(place.client, subject, output)


def _show(traces: Traces) -> None:
    if traces.none:
        out.print(f"Nothing of {traces.subject.uri} is there", soft_wrap=True)
        return
    out.print(f"Of {traces.subject.uri}, in all versions:", soft_wrap=True)
    markers = sum(version.marker for version in traces.photograph)
    if traces.photograph:
        deleted = f", {_counted(markers, 'delete marker')}" if markers else ""
        out.print(f"  the photograph: {_counted(len(traces.photograph) - markers, 'version')}{deleted}")
    if traces.uploads:
        out.print(f"  unfinished uploads of it: {len(traces.uploads):,}")
    objects = Counter(trace.kind.name for trace in traces.results)
    for name, count in objects.items():
        versions = sum(len(trace.knowing) for trace in traces.results if trace.kind.name == name)
        out.print(f"  {name}: {_counted(count, 'object')}, {_counted(versions, 'version')}")


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _print_what_is_left(place: Place, traces: Traces) -> None:
    """Print what this command leaves, and until when.

    Raises
    ------
    FruitsError
        If objects that are none of ours name the photograph.
    """
    logs = place.deployment.output("FruitsStorage", "LogBucket")
    out.print(
        f"Its address stays in logs until they expire (s3://{logs}/, docs/gdpr.md); components are sums over all"
        " photographs, and the next run computes them without it",
        soft_wrap=True,
    )
    if traces.others:
        more = f" and {len(traces.others) - _NAMED:,} more" if len(traces.others) > _NAMED else ""
        raise FruitsError(
            f"objects that are none of ours name it, and are left: {', '.join(traces.others[:_NAMED])}{more};"
            " look at them and delete them yourself"
        )
