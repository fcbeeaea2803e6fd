"""``fruits runs``: the history."""

import json
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.table import Table

from ops.aws.place import find_place
from ops.console import Context, err, labelled, out
from ops.runs.history import FailedRun, PastRun, failed_runs, past_runs
from ops.runs.screen import duration

_FAILURES_SHOWN: Final = 5
_WIDE: Final = 110


def runs(
    values: Context = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: completed and failed runs.")] = False,
) -> None:
    """Show the history of runs: why the last ones failed, then those that left results, the newest first."""
    place = find_place(values)
    output = place.deployment.output("FruitsStorage", "OutputUri")
    completed = past_runs(place.client, output)
    failed = failed_runs(place.client, place.settings.name)
    if as_json:
        content = {"completed": [item.row() for item in completed], "failed": [item.row() for item in failed]}
        typer.echo(json.dumps(content, indent=2))
        return
    _show_failed(failed, place.options)
    if completed:
        out.print(_table(completed))
    else:
        err.print(f"No run has left results below {output}; start one: fruits run{place.options}", soft_wrap=True)


def _show_failed(failed: Sequence[FailedRun], options: str) -> None:
    for item in failed[:_FAILURES_SHOWN]:
        hint = (
            f"fruits logs {item.step}{options}"
            if item.step
            else f"fruits logs --bootstrap --cluster {item.cluster}{options}"
        )
        out.print(
            labelled("failed", f" {item.when.astimezone():%Y-%m-%d %H:%M} {item.name}: {item.why}", "red"),
            soft_wrap=True,
        )
        out.print(f"       {hint}", soft_wrap=True)
    if len(failed) > _FAILURES_SHOWN:
        out.print(f"       and {len(failed) - _FAILURES_SHOWN} before; see: fruits runs --json{options}")
    if failed:
        out.print()


def _table(completed: Sequence[PastRun]) -> Table:
    """Lay runs out; a narrow terminal gets shorter dates, and neither names of runs nor engines."""
    wide = out.width >= _WIDE
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("When", no_wrap=True)
    table.add_column("Label", overflow="ellipsis", min_width=8)
    if wide:
        table.add_column("Run", no_wrap=True)
    for heading in ("Photos", "New", "Bad", "Components", "Took", "Rate"):
        table.add_column(heading, justify="right", no_wrap=True)
    if wide:
        table.add_column("Engine", no_wrap=True)
    for run in completed:
        when = run.when.astimezone()
        row = [f"{when:%Y-%m-%d %H:%M}" if wide else f"{when:%m-%d %H:%M}", run.label]
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
