"""``fruits empty``: delete the data of a deployment, in all versions."""

from typing import Annotated

import typer

from ops.aws.account import Client
from ops.aws.place import find_place
from ops.console import Context, out, progress_bar
from ops.errors import WrongUsage
from ops.teardown.empty.confirmation import confirm_bucket_name
from ops.teardown.empty.deletion import delete_all
from ops.teardown.empty.plan import EmptyingPlan, plan_emptying, plan_orphan
from ops.teardown.options import Account, BucketName


def empty(
    *,
    context: Context = None,
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="Only this folder of the data bucket: results/", metavar="FOLDER/")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="Instead, a bucket of ours that no stack holds any more.")
    ] = None,
    yes_delete: BucketName = None,
    account_number: Account = None,
) -> None:
    """Delete photographs, results, notebooks and logs, in all versions; that takes two confirmations.

    The first is the deployed setting remove_data=true, the second the name of the data bucket, typed or given.
    Exit codes: 0 deleted, 1 not or not all, 2 the name of the bucket is missing.
    """
    if prefix is not None and (not prefix.strip("/") or not prefix.endswith("/") or bucket):
        raise WrongUsage(
            "--prefix takes a folder of the data bucket, which ends in a slash: results/; it excludes --bucket"
        )
    place = find_place(context, number=account_number)
    if bucket:
        plan = plan_orphan(place.client, place.deployment, bucket, removable=place.settings.remove_data)
    else:
        plan = plan_emptying(place.client, place.deployment, prefix=prefix)
    _show(plan)
    if plan.contents.empty:
        out.print("Nothing to delete")
        return
    confirm_bucket_name(plan.bucket, yes_delete)
    _delete(place.client, plan)


def _show(plan: EmptyingPlan) -> None:
    out.print("To be deleted for good, all versions:")
    for part in plan.parts:
        out.print(f"  {part}: {part.contents}", soft_wrap=True)


def _delete(client: Client, plan: EmptyingPlan) -> None:
    total = plan.contents.entries
    with progress_bar("Deleting", "entries") as advance:
        done = delete_all(client, plan, lambda done: advance(done, total))
    out.print(f"{done:,} deleted")
