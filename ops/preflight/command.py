"""``fruits preflight``: what a deployment would fail for, before it is paid for."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from infra.names import BUDGET_REGION
from infra.settings import DeploymentSettings
from ops.aws.next_step import next_command
from ops.aws.place import find_place
from ops.console import AsJson, Context, labelled, out, status
from ops.preflight.examination import Answer, checks_of, examine, exit_code
from ops.preflight.findings import Outcome, Scope

_MARKS: Final = {
    Outcome.OK: Text("ok", "green"),
    Outcome.WARNING: Text("warning", "yellow"),
    Outcome.FAILURE: Text("FAILURE", "bold red"),
    Outcome.UNKNOWN: Text("not checked", "magenta"),
}


def preflight(
    values: Context = None,
    expected_account: Annotated[
        str | None, typer.Option("--account", help="Number that the account must have.", metavar="NUMBER")
    ] = None,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave nothing unchecked: else the exit code is 3.")] = False,
) -> None:
    """Check account, quotas, region, leftovers and build before a deployment would fail after minutes.

    Exit codes: 0 nothing in the way, 1 a failure, 3 something essential could not be checked.
    """
    began = time.monotonic()
    place = find_place(values)
    scope = Scope(
        settings=place.settings,
        options=place.options,
        client=place.client,
        anywhere=place.clients(_reachable_region(place.settings)),
        expected_account=expected_account,
        qualifier=place.given.qualifier,
    )
    with status("Checking"):
        answers = examine(scope, checks_of(scope.settings))
    code = exit_code(answers, strict=strict)
    following = next_command(place) if code == 0 else None
    if as_json:
        typer.echo(json.dumps({"checks": [answer.row() for answer in answers], "next": following}, indent=2))
        raise typer.Exit(code)
    out.print(_table(answers))
    for answer in answers:  # apart from the table, which would break commands that people want to copy
        if answer.finding.fix:
            out.print(labelled(f"\n{answer.title}\n", f"  {answer.finding.fix}"), soft_wrap=True)
    counts = Counter(answer.finding.outcome for answer in answers)
    verdict = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    out.print(f"\n{verdict} in {time.monotonic() - began:.1f} s")
    if following:
        out.print(f"Next: {following}", soft_wrap=True)
    raise typer.Exit(code)


def _reachable_region(settings: DeploymentSettings) -> str:
    """Return a region that cannot be switched off; a partition of one region has that alone."""
    return BUDGET_REGION if settings.european_region.partition == "aws" else settings.region


def _table(answers: Sequence[Answer]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for answer in answers:
        table.add_row(_MARKS[answer.finding.outcome], answer.title, answer.finding.text)
    return table
