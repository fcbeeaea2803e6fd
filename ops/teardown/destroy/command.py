"""``fruits destroy``: end what runs, destroy the stacks, and prove that nothing else is left."""

import dataclasses
from typing import Annotated

import typer

from ops.aws.place import find_place
from ops.console import Context, complain, confirm, err, out
from ops.errors import ExitCode, WrongUsage
from ops.teardown.destroy.plan import DestructionPlan, plan_destruction
from ops.teardown.destroy.run import Unfinished, destroy_all
from ops.teardown.destroy.screen import show_plan
from ops.teardown.empty.confirmation import confirm_bucket_name
from ops.teardown.empty.plan import STORAGE
from ops.teardown.leaks.screen import show
from ops.teardown.leaks.sweep import sweep_place
from ops.teardown.options import Account, BucketName, known_stack


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
    yes_delete: BucketName = None,
    account_number: Account = None,
) -> None:
    """End what runs, destroy the stacks, all but the data unless told so, and prove that nothing else is left.

    May be repeated after any failure. Exit codes: 0 all that was asked for is gone and nothing but what is kept is
    on the bill, 1 not, 2 wrong usage, 3 not every service could be asked afterwards.
    """
    if stack and all_stacks:
        raise WrongUsage("--stack and --all exclude each other")
    names = [known_stack(name) for name in stack or ()]
    data = all_stacks or STORAGE in names
    if yes_delete and not data:
        raise WrongUsage("--yes-delete is for the data, which stays without --all")
    place = find_place(context, number=account_number)
    plan = plan_destruction(place, names=names, data=data)
    show_plan(plan, out)
    problem = _destroy(_confirmed(plan, yes_delete, yes=yes))
    findings = sweep_place(place)
    kept = list(plan.kept)
    out.print()
    show(findings, out, keep=kept)
    if problem:
        complain(problem)
    raise typer.Exit(ExitCode.FAILED if problem else findings.exit_code(kept))


def _confirmed(plan: DestructionPlan, bucket: str | None, *, yes: bool) -> DestructionPlan:
    """Return what may be done of a plan, after asking."""
    if plan.emptying is not None and (bucket or not plan.emptying.contents.empty):
        confirm_bucket_name(plan.emptying.bucket, bucket)
        return plan
    if plan.anything and not yes:
        confirm(
            "Destroy that?",
            instead="refusing to destroy without confirmation; add --yes",
            declined="Stopped: nothing was destroyed",
        )
    # Nothing lies there now; what comes later is not deleted without the name of its bucket, either.
    return dataclasses.replace(plan, emptying=None)


def _destroy(plan: DestructionPlan) -> str:
    """Destroy, and return what could not be, with the reason."""
    try:
        destroy_all(plan, on_progress=lambda line: err.print(line, soft_wrap=True))
    except Unfinished as error:
        return str(error)
    return ""
