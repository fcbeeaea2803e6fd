"""``fruits status``: how an environment stands, and what to do next."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import typer
from rich.table import Table
from rich.text import Text

from infra.names import STACKS
from ops.aws.clusters import LIVE, Cluster, Step, list_clusters, list_steps
from ops.aws.next_step import next_command
from ops.aws.place import Place, find_place
from ops.console import AsJson, Context, complain, labelled, out
from ops.quantities import duration
from ops.runs.cost import HourlyCost, hourly_cost
from ops.runs.history import PastRun
from ops.runs.records import read_records, runs_with_results

_NAMES_WIDTH: Final = len("Last run") + 2
_COLOURS: Final = {"FAILED": "red", "TERMINATED_WITH_ERRORS": "red", "RUNNING": "green", "COMPLETED": "green"}


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """How an environment stands.

    Parameters
    ----------
    place
        The environment.
    cluster, step
        Its newest cluster and step that EMR knows.
    cost
        What a cluster costs an hour, if that is known.
    last
        The newest run with results.
    following
        The command to type next.
    now
        Time of the look.
    """

    place: Place
    cluster: Cluster | None
    step: Step | None
    cost: HourlyCost | None
    last: PastRun | None
    following: str
    now: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-able facts; docs/commands.md has what they are."""
        cluster, step = self.cluster, self.step
        return {
            "env": self.place.settings.env,
            "region": self.place.settings.region,
            "stacks": {name: stack.status for name, stack in self.place.deployment.stacks.items()},
            "cluster": cluster and {"id": cluster.id, "state": cluster.state, "created": cluster.created.isoformat()},
            "cost_usd": self.cost.spent(cluster, self.now).usd if cluster and self.cost else None,
            "step": step and {"id": step.id, "name": step.name, "state": step.state, "reason": step.reason},
            "last_run": self.last and self.last.row(),
            "next": self.following,
        }


def status(
    values: Context = None,
    as_json: AsJson = False,
) -> None:
    """Show stacks, cluster, step, cost so far, the last run, and the next command."""
    current = look(find_place(values))
    if as_json:
        typer.echo(json.dumps(current.as_json(), indent=2))
    else:
        out.print(_table(current))
        # Apart from the table, which would break a command that people want to copy.
        out.print(labelled(f"{'Next':{_NAMES_WIDTH}}", current.following), soft_wrap=True)


def look(place: Place) -> EnvironmentStatus:
    """Ask how an environment stands.

    Raises
    ------
    AwsRefused
        If AWS cannot be asked.
    """
    clusters = list_clusters(place.client, place.settings.name)
    cluster = clusters[0] if clusters else None
    steps = list_steps(place.client, cluster.id) if cluster else []
    step = steps[0] if steps else None
    last = None
    if "FruitsStorage" in place.deployment.stacks:
        output = place.deployment.output("FruitsStorage", "OutputUri")
        runs = runs_with_results(place.client, output, read_records(place.client, output, complain), complain)
        last = runs[0] if runs else None
    return EnvironmentStatus(
        place=place,
        cluster=cluster,
        step=step,
        cost=hourly_cost(place.settings),
        last=last,
        following=next_command(place, cluster, step),
        now=datetime.now(UTC),
    )


def _table(status: EnvironmentStatus) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=_NAMES_WIDTH - 2)
    table.add_column(overflow="fold")
    stacks = status.place.deployment.stacks
    for number, name in enumerate(name for name in STACKS if name in stacks):
        table.add_row("" if number else "Stacks", _state(name, stacks[name].status))
    if not stacks:
        table.add_row("Stacks", f"none of {status.place.settings.name} in {status.place.settings.region}")
    if cluster := status.cluster:
        table.add_row("Cluster", _state(cluster.id, cluster.state, _since(cluster.created, cluster.ended, status.now)))
        if cluster.state in LIVE and status.cost:
            table.add_row("Cost", status.cost.so_far(cluster, status.now))
    if step := status.step:
        table.add_row(
            "Step", _state(f"{step.id} {step.name}", step.state, _since(step.started, step.ended, status.now))
        )
    if run := status.last:
        table.add_row("Last run", describe(run))
    return table


def describe(run: PastRun) -> str:
    """Return in a line what a run did."""
    when = f"{run.when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    new = f"{run.computed:,} new" if run.computed else "nothing new"
    trial = f", a trial ({run.trial.describe()})" if run.trial else ""
    return f"{run.label}, {when}{trial}: {run.images:,} photographs, {new}, {run.components} components"


def _state(name: str, state: str, since: str = "") -> Text:
    return Text.assemble(name, "  ", (state, _COLOURS.get(state, "")), f"  {since}" if since else "")


def _since(start: datetime | None, end: datetime | None, now: datetime) -> str:
    return duration(max(0.0, ((end or now) - start).total_seconds())) if start else ""
