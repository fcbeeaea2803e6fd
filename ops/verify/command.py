"""``fruits verify``: see on an account, for an hour, what no account has shown so far, and destroy everything again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from ops.aws.account import is_embedded
from ops.aws.place import find_place
from ops.beliefs.page import PAGE
from ops.beliefs.table import BY_NUMBER
from ops.beliefs.verdicts import Outcome
from ops.clock import clock_of
from ops.console import Context, confirm, err, out, termination_as_interrupt
from ops.errors import ExitCode, WrongUsage
from ops.project import ROOT
from ops.verify.applying import apply_report
from ops.verify.cleanup import leftovers
from ops.verify.cost import MOST_MINUTES, cost_of
from ops.verify.findings import NotAnswered
from ops.verify.report import NAME, Report, read_report
from ops.verify.runner import CLEANUP, environments, run_stages, stages_for, verifiable
from ops.verify.stage import Stage
from ops.verify.workspace import A, B, Workspace, with_env

_FOLDER: Final = ROOT / "out" / "verify"
_COLOURS: Final = {Outcome.CONFIRMED: "green", Outcome.REFUTED: "bold red", Outcome.NOT_SEEN: "yellow"}


def verify(  # noqa: PLR0917 - the options of a command
    context: typer.Context,
    values: Context = None,
    rows: Annotated[
        str | None, typer.Option(help="Numbers of rows of docs/unverified-on-aws.md; all unless given.", metavar="1,11")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only what the report in the folder has not seen.")] = False,
    images: Annotated[Path | None, typer.Option(help="A folder of photographs; rendered ones unless given.")] = None,
    folder: Annotated[
        Path, typer.Option(help="Gets report and logs.", show_default="out/verify of the checkout")
    ] = _FOLDER,
    apply: Annotated[
        Path | None, typer.Option("--apply", help="Only enter a report into the table.", metavar="REPORT")
    ] = None,
    account_number: Annotated[
        str | None, typer.Option("--account", help="Fail unless the credentials are of this account.", metavar="NUMBER")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = 10.0,
) -> None:
    """Deploy to an account, look at each row of docs/unverified-on-aws.md that can be seen, destroy, and report.

    At most an hour and 2 USD by list price, said before it starts; all is destroyed at the end, after Ctrl-C, too.
    Exit codes: 0 all confirmed, 1 something refuted or left, 3 something not seen.
    """
    if apply is not None:
        count = apply_report(read_report(apply))
        out.print(f"{count} rows entered; look at them: git diff ops/beliefs docs/{PAGE.name}; then: make fix")
        return
    for value in values or ():
        if value.startswith("env="):
            raise WrongUsage(f"-c {value}: a verification has environments of its own, {A} and {B}; leave it out")
    place = find_place([f"env={A}", *(values or ())], number=account_number)
    workspace = Workspace(
        places={A: place, B: with_env(place, B)},
        needed=(A, B),
        folder=folder.resolve(),
        images=images.resolve() if images else None,
        seconds=MOST_MINUTES * 60.0,
        embedded=is_embedded(),
        look_every=look_every,
        tell=lambda text: err.print(text, soft_wrap=True, style="dim"),
        clock=clock_of(context),
    )
    report = _report(workspace, resume=resume)
    wanted = _wanted(rows, report)
    stages = stages_for(wanted)
    workspace.needed = environments(stages)
    _ask(workspace, stages, yes=yes)
    folder.mkdir(parents=True, exist_ok=True)
    with termination_as_interrupt():
        interrupted = run_stages(workspace, stages, report, wanted)
    report.save()
    raise typer.Exit(_end(workspace, report, interrupted=interrupted))


def _report(workspace: Workspace, *, resume: bool) -> Report:
    settings = workspace.places[A].settings
    aws = "embedded AWS" if workspace.embedded else "AWS"
    new = Report(aws=aws, region=settings.region, release=settings.release_label, folder=workspace.folder)  # type: ignore[arg-type]
    if not resume:
        return new
    former = read_report(workspace.folder / NAME)
    if (former.aws, former.region, former.release) != (new.aws, new.region, new.release):
        raise WrongUsage(
            f"{workspace.folder / NAME} is of {former.aws}, {former.region}, {former.release}, and this is"
            f" {new.aws}, {new.region}, {new.release}; give the same settings, or another --folder"
        )
    return former.model_copy(update={"folder": workspace.folder})


def _wanted(rows: str | None, report: Report) -> set[int]:
    """Return the numbers of the rows to look at."""
    can = verifiable()
    if rows is None:
        wanted = can
    else:
        try:
            wanted = {int(number) for number in rows.split(",")}
        except ValueError:
            raise WrongUsage(f"--rows {rows}: expected numbers with commas between them, such as 1,11,13") from None
    for number in sorted(wanted - can):
        why = f"is left to people: {BY_NUMBER[number].shown_by}" if number in BY_NUMBER else "is no open row"
        accepted = ", ".join(map(str, sorted(can)))
        raise WrongUsage(f"--rows: {number} {why}; accepted: {accepted}")
    left = wanted - {number for number, row in report.rows.items() if row.outcome is not Outcome.NOT_SEEN}
    if not left:
        raise WrongUsage(
            f"the report has seen all of these rows; enter it: fruits verify --apply {report.folder / NAME}"
        )
    return left


def _ask(workspace: Workspace, stages: Sequence[Stage], *, yes: bool) -> None:
    cost = cost_of(workspace, stages)
    minutes = sum(stage.minutes for stage in (*stages, *CLEANUP))
    where = "the embedded AWS" if workspace.embedded else f"AWS, {workspace.places[A].settings.region}"
    names = ", ".join(stage.phase.value for stage in (*stages, *CLEANUP))
    out.print(
        f"On {where}, {' and '.join(workspace.needed)}: {names}\n"
        f"About {minutes} minutes, at most {MOST_MINUTES}; {cost.usual:.2f} USD as planned, {cost.most:.2f} USD at"
        " most, by list price before tax (fruits price). Then all of it is destroyed, also after Ctrl-C.",
        soft_wrap=True,
    )
    if not yes:
        confirm(
            "Begin?",
            instead="refusing to start clusters that cost money without confirmation; add --yes",
            declined="nothing was done",
        )


def _end(workspace: Workspace, report: Report, *, interrupted: bool) -> int:
    for outcome in Outcome:
        numbers = [row.number for row in report.of(outcome)]
        if numbers:
            out.print(f"{outcome.value}: {', '.join(map(str, numbers))}", style=_COLOURS[outcome], soft_wrap=True)
    out.print(f"Report: {report.folder / NAME}", soft_wrap=True)
    if not workspace.embedded and report.of(Outcome.CONFIRMED):
        out.print(f"Enter it into the table: fruits verify --apply {report.folder / NAME}", soft_wrap=True)
    return _exit_code(workspace, report, interrupted=interrupted)


def _exit_code(workspace: Workspace, report: Report, *, interrupted: bool) -> int:
    left = _left(workspace)
    if left:
        err.print(f"left: {left}", style="bold red", soft_wrap=True)
    if interrupted:
        return ExitCode.INTERRUPTED
    if left or report.of(Outcome.REFUTED):
        return ExitCode.FAILED
    return ExitCode.INCOMPLETE if report.of(Outcome.NOT_SEEN) else ExitCode.OK


def _left(workspace: Workspace) -> str:
    """Return what is left of a verification that has made something."""
    if not workspace.cleanup_began:
        return ""
    try:
        return ", ".join(leftovers(workspace.answers))
    except NotAnswered:
        return f"nobody could see what; ask: fruits leaks -c env={A}, fruits leaks -c env={B}"
