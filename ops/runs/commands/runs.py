"""``fruits runs``: the history."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, Final

import typer
from rich.table import Table

from ops.aws.place import Place, find_place
from ops.console import AsJson, Context, complain, err, labelled, out
from ops.quantities import duration
from ops.runs.comparison import compare, rows_as_json
from ops.runs.cost import hourly_cost
from ops.runs.endings import StepRun, labels_of_steps, runs_that_left_no_trace, runs_without_results
from ops.runs.fetching import choose_run
from ops.runs.history import PastRun
from ops.runs.records import read_records, runs_with_results

_OTHERS_SHOWN: Final = 5
_WORDS: Final = {
    "RUNNING": ("running", "bold green"),
    "PENDING": ("waiting", "bold"),
    "FAILED": ("failed", "red"),
    "TERMINATED_WITH_ERRORS": ("failed", "red"),
    "COMPLETED": ("done", "bold"),
}
_WIDE: Final = 110


runs: Final = typer.Typer(invoke_without_command=True)


@runs.callback()
def show(
    context: typer.Context,
    values: Context = None,
    as_json: AsJson = False,
) -> None:
    """Show all runs: those that run, failed, were cancelled or lost, and why; then those that left results."""
    if context.invoked_subcommand:
        return
    place = find_place(values)
    output = place.deployment.output("FruitsStorage", "OutputUri")
    records = read_records(place.client, output, complain)
    completed = runs_with_results(place.client, output, records, complain)
    others = runs_without_results(place.client, place.settings.name, {run.label for run in completed})
    others += runs_that_left_no_trace(records, labels_of_steps(place.client, place.settings.name))
    if as_json:
        content = {"completed": [item.row() for item in completed], "others": [item.row() for item in others]}
        typer.echo(json.dumps(content, indent=2))
        return
    _show(others, place.options)
    if completed:
        out.print(_table(completed))
    elif not others:
        err.print(f"No run has left results below {output}; start one: fruits run{place.options}", soft_wrap=True)


@runs.command()
def diff(
    first: Annotated[str, typer.Argument(help="Label of a run, or the beginning of its name.", metavar="A")],
    second: Annotated[str, typer.Argument(help="The run to compare it with.", metavar="B")],
    values: Context = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: photographs, components, probe, quarantine, time and cost; what differs is bold.

    The cost is that of the time each took on a cluster of the settings at hand, by list price; its start is left out.
    """
    place = find_place(values)
    one, other = _two_runs(place, first, second)
    cost = hourly_cost(place.settings)
    if as_json:
        typer.echo(json.dumps(rows_as_json(one, other, cost), indent=2))
        return
    if one.trial != other.trial:
        err.print(
            "A trial takes other photographs than a whole run or another trial: only what is counted a photograph or"
            " a second can be compared",
            soft_wrap=True,
        )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for label in (one.label, other.label):
        table.add_column(label, justify="right", overflow="ellipsis", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for row in compare(one, other, cost):
        table.add_row(row.what, row.first, row.second, row.change, style="bold" if row.differs else "")
    out.print(table)


def _two_runs(place: Place, first: str, second: str) -> tuple[PastRun, PastRun]:
    output = place.deployment.output("FruitsStorage", "OutputUri")
    found = runs_with_results(place.client, output, read_records(place.client, output, complain), complain)
    return choose_run(found, first, output), choose_run(found, second, output)


def _show(others: Sequence[StepRun], options: str) -> None:
    for item in others[:_OTHERS_SHOWN]:
        verb = "logs" if item.is_over else "watch"
        hint = (
            f"fruits {verb} {item.step}{options}"
            if item.step
            else f"fruits logs --bootstrap --cluster {item.cluster}{options}"
            if item.cluster
            else "EMR knows no more of it"
        )
        label, style = _WORDS.get(item.state, (item.state.lower(), "yellow"))
        text = f" {item.when.astimezone(UTC):%Y-%m-%d %H:%M} UTC {item.name}: {item.why}"
        out.print(labelled(label, text, style), soft_wrap=True)
        out.print(f"       {hint}", soft_wrap=True)
    if len(others) > _OTHERS_SHOWN:
        out.print(f"       and {len(others) - _OTHERS_SHOWN} before; see: fruits runs --json{options}")
    if others:
        out.print()


def _table(completed: Sequence[PastRun]) -> Table:
    """Lay runs out; a narrow terminal gets shorter dates, and neither names of runs nor engines."""
    wide = out.width >= _WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("When, UTC", no_wrap=True)
    table.add_column("Label", overflow="ellipsis", min_width=8)
    if wide:
        table.add_column("Run", no_wrap=True)
    for heading in ("Photos", "New", "Bad", "Components", "Took", "Rate"):
        table.add_column(heading, justify="right", no_wrap=True)
    if wide:
        table.add_column("Engine", no_wrap=True)
    for run in completed:
        when = run.when.astimezone(UTC)
        label = f"{run.label} (trial)" if run.trial else run.label
        row = [f"{when:%Y-%m-%d %H:%M}" if wide else f"{when:%m-%d %H:%M}", label]
        numbers = [
            f"{run.images:,}",
            f"{run.computed:,}",
            f"{run.quarantined:,}",
            f"{run.components} ({run.explained:.0%})",
            duration(run.seconds),
            f"{run.rate:,.0f}/s" if run.rate else "",
        ]
        table.add_row(*row, *([run.run] if wide else []), *numbers, *([run.engine] if wide else []))
    return table
