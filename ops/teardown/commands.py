"""``fruits leaks``, ``fruits empty`` and ``fruits destroy``."""

import dataclasses
from typing import Annotated

import typer

from ops.aws.account import Client
from ops.aws.deployment import find_deployment
from ops.console import Context, complain, confirm, err, out, progress_bar
from ops.errors import ExitCode, WrongUsage
from ops.teardown.destroy.plan import DestructionPlan, plan_destruction
from ops.teardown.destroy.run import Unfinished, destroy_all
from ops.teardown.destroy.screen import show_plan
from ops.teardown.empty.deletion import delete_all
from ops.teardown.empty.plan import STORAGE, EmptyingPlan, plan_emptying, plan_orphan
from ops.teardown.leaks.screen import show
from ops.teardown.options import Account, Place, SecondKey, exit_code, known_stack, turn_second_key


def leaks(
    *,
    context: Context = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Stack whose things are meant to stay, such as FruitsStorage.", metavar="STACK"),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Look in every region that settings accept.")
    ] = False,
    account_number: Account = None,
) -> None:
    """Look for all that a deployment has left, in every service, with what each thing costs a month.

    Exit codes: 0 nothing is on the bill, 1 something is or the question could not be asked, 2 wrong usage or setting,
    3 not every service could be asked.
    """
    stacks = [known_stack(name) for name in keep or ()]
    place = Place(context, account_number)
    findings = place.sweep(everywhere=everywhere)
    kept = [place.settings.stack_name(name) for name in stacks]
    show(findings, out, keep=kept)
    raise typer.Exit(exit_code(findings, kept))


def empty(
    *,
    context: Context = None,
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="Only this folder of the data bucket: results/", metavar="FOLDER/")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="Instead, a bucket of ours that no stack holds any more.")
    ] = None,
    yes_delete: SecondKey = None,
    account_number: Account = None,
) -> None:
    """Delete photographs, results, notebooks and logs, in all versions; that takes two keys.

    The first is the deployed setting remove_data=true, the second the name of the data bucket, typed or given.
    Exit codes: 0 deleted, 1 not or not all, 2 the second key is missing.
    """
    if prefix is not None and (not prefix.strip("/") or not prefix.endswith("/") or bucket):
        raise WrongUsage(
            "--prefix takes a folder of the data bucket, which ends in a slash: results/; it excludes --bucket"
        )
    place = Place(context, account_number)
    settings, client = place.settings, place.client
    deployment = find_deployment(client, env=settings.env, region=settings.region)
    if bucket:
        plan = plan_orphan(client, deployment, bucket, removable=settings.remove_data)
    else:
        plan = plan_emptying(client, deployment, prefix=prefix)
    _show(plan)
    if plan.contents.empty:
        out.print("Nothing to delete")
        return
    turn_second_key(plan, yes_delete)
    _delete(client, plan)


def destroy(
    *,
    context: Context = None,
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", help="Only this stack and what needs it; may be given again.", metavar="STACK"),
    ] = None,
    all_stacks: Annotated[
        bool, typer.Option("--all", help="The data, too, if it is deployed with remove_data=true.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    yes_delete: SecondKey = None,
    account_number: Account = None,
) -> None:
    """End what runs, destroy the stacks, all but the data unless told so, and prove that nothing else is left.

    May be repeated after any failure. Exit codes: 0 all that was asked for is gone and nothing but what is kept is
    on the bill, 1 not, 2 wrong usage, 3 not every service could be asked afterwards.
    """
    if stack and all_stacks:
        raise WrongUsage("--stack and --all exclude each other")
    names = [known_stack(name) for name in stack or ()]
    if yes_delete and not (all_stacks or STORAGE in names):
        raise WrongUsage("--yes-delete is for the data, which stays without --all")
    place = Place(context, account_number)
    plan = plan_destruction(place.settings, names=names, data=all_stacks or STORAGE in names, clients=place.clients)
    show_plan(plan, out)
    if plan.emptying is not None and (yes_delete or not plan.emptying.contents.empty):
        turn_second_key(plan.emptying, yes_delete)
    else:
        # Nothing lies there now; what comes later is not deleted without the second key, either.
        plan = dataclasses.replace(plan, emptying=None)
        if plan.anything and not yes:
            confirm(
                "Destroy that?",
                instead="nothing is destroyed without a word; add --yes",
                declined="nothing is destroyed",
            )
    problem = _destroy(plan)
    findings = place.sweep()
    kept = list(plan.kept)
    out.print()
    show(findings, out, keep=kept)
    if problem:
        complain(problem)
    raise typer.Exit(ExitCode.FAILED if problem else exit_code(findings, kept))


def _destroy(plan: DestructionPlan) -> str:
    """Destroy, and say what could not be."""
    try:
        destroy_all(plan, heard=lambda line: err.print(line, soft_wrap=True))
    except Unfinished as error:
        return str(error)
    return ""


def _show(plan: EmptyingPlan) -> None:
    out.print("To be deleted for good, all versions:")
    for part in plan.parts:
        out.print(f"  {part}: {part.contents}", soft_wrap=True)


def _delete(client: Client, plan: EmptyingPlan) -> None:
    total = plan.contents.entries
    with progress_bar("Deleting", "entries") as advance:
        done = delete_all(client, plan, lambda done: advance(done, total))
    out.print(f"{done:,} deleted")
