"""``fruits probe``: what a node of the live cluster is, without logging in."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from ops.aws.place import find_place
from ops.clock import clock_of
from ops.console import AsJson, Context, out, status
from ops.runs.node_probe import probe_of, read_answers, submit_probe, wait_for_step
from ops.runs.steps import newest_cluster
from ops.runs.watch import LOOK_EVERY


def probe(
    context: typer.Context,
    *,
    values: Context = None,
    cluster_id: Annotated[
        str | None, typer.Option("--cluster", help="A cluster; the newest unless given.", metavar="ID")
    ] = None,
    as_json: AsJson = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = LOOK_EVERY,
) -> None:
    """Show what the primary node is: Python, locale, memory, disks, settings of Spark, YARN and S3A as EMR made them.

    It is a step, which waits for those before it; its answer comes with its log, which EMR brings within five minutes.
    """
    place = find_place(values)
    cluster = newest_cluster(place, cluster_id)
    step_id = submit_probe(place.client, cluster, probe_of(place.client, cluster), place.settings.region)
    with status(f"Step {step_id} on {cluster.id}") as show:
        waiting: Any = {"seconds": look_every, "clock": clock_of(context), "show": show}
        step = wait_for_step(place.client, cluster, step_id, **waiting)
        answers = read_answers(place.client, cluster, step, **waiting)
    if as_json:
        typer.echo(json.dumps({"cluster": cluster.id, "step": step_id, "node": answers}, indent=2))
    else:
        out.print(_table(answers))


def _table(answers: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, answer in answers.items():
        table.add_row(name, _text(answer))
    return table


def _text(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return "\n".join(f"{key} = {_text(value)}" for key, value in answer.items())
    return "-" if answer is None else str(answer)
