"""``fruits deploy``: deploy what was reviewed, and nothing else."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops.aws.account import Clients, account
from ops.aws.cdk import Cdk
from ops.aws.place import find_place
from ops.aws.synthesis import synthesise
from ops.console import Context, confirm, out, status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.review.consequences import Verdict

if TYPE_CHECKING:  # cfn-lint alone takes a second to load
    from ops.review.plan import Plan

_QUESTION: Final = {
    Verdict.DIFFERENCES: "Deploy it?",
    Verdict.DESTRUCTIVE: "Its review found that a cluster or data would be lost. Deploy it?",
}


def deploy(
    folder: Annotated[
        Path | None, typer.Argument(metavar="PLAN", help="What `fruits review --out` has kept.", show_default=False)
    ] = None,
    context: Context = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    destructive: Annotated[
        bool, typer.Option("--destructive", help="With --yes: even if a cluster or data would be lost.")
    ] = False,
) -> None:
    """Deploy a plan that was reviewed, if nothing has changed since; or review settings, ask, and deploy them.

    Run id and e-mail that are deployed hold unless others are given.
    """
    if folder is not None:
        if context:
            raise WrongUsage(f"{folder} has its settings already; give -c to fruits review, or leave the plan out")
        _deploy_plan(folder, cache(account), yes=yes, destructive=destructive)
        return
    place = find_place(context)
    with tempfile.TemporaryDirectory(prefix="fruits-deploy-") as temporary:
        with status("Synthesising"):
            synthesise(Path(temporary), place.deployable())
        _review(Path(temporary), place.clients)
        _deploy_plan(Path(temporary), place.clients, yes=yes, destructive=destructive)
    out.print(f"Next: fruits status{place.options}", soft_wrap=True)


def _review(folder: Path, clients: Clients) -> None:
    from ops.review.plan import deployed_digests, make_plan  # noqa: PLC0415
    from ops.review.review import review  # noqa: PLC0415
    from ops.review.screen import show  # noqa: PLC0415

    with status("Reviewing") as show_status:
        deployed = deployed_digests(folder, clients)
        found = review(folder, accounts=clients, progress=show_status)
    show(found, out)
    make_plan(folder, verdict=found.verdict, only=(), deployed=deployed).write(folder)


def _deploy_plan(folder: Path, clients: Clients, *, yes: bool, destructive: bool) -> None:
    from ops.review.plan import Plan  # noqa: PLC0415

    plan = Plan.read(folder)
    if plan.verdict is Verdict.NOTHING:
        out.print("Nothing differs from what is deployed: nothing to do")
        return
    with status("Comparing with what was reviewed"):
        plan.require_unchanged(folder, clients)
    _ask(plan, yes=yes, destructive=destructive)
    _deploy(folder, plan)


def _ask(plan: "Plan", *, yes: bool, destructive: bool) -> None:
    if yes and plan.verdict is Verdict.DESTRUCTIVE and not destructive:
        raise WrongUsage(
            "the review found that a cluster or data would be lost; to lose it, add --destructive to --yes"
        )
    if not yes:
        confirm(
            _QUESTION[plan.verdict],
            instead="refusing to deploy without confirmation; add --yes",
            declined="Stopped: nothing was deployed",
        )


def _deploy(folder: Path, plan: "Plan") -> None:
    try:
        with status("Deploying") as show_status:
            Cdk(folder, on_line=_shown(show_status)).run("deploy", *_chosen(plan), "--require-approval", "never")
    except KeyboardInterrupt:
        raise FruitsError(
            "interrupted: CloudFormation goes on with the stack that it is at; see it: fruits status",
            exit_code=ExitCode.INTERRUPTED,
        ) from None
    out.print("Deployed")


def _chosen(plan: "Plan") -> tuple[str, ...]:
    """Return the stacks to deploy: those that they need have not been reviewed where some were chosen."""
    return (*plan.only, "--exclusively") if plan.only else ("--all", "--concurrency", "4")


def _shown(show_status: Callable[[str], None]) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        if line.strip():
            show_status(f"Deploying: {line.strip()[:100]}")

    return on_line
