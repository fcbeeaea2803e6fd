"""``fruits watch``: the view of `fruits run` on a step that was started before."""

from typing import Annotated

import typer

from ops.aws.place import find_place
from ops.clock import clock_of
from ops.console import Context
from ops.runs.following import watch_to_the_end
from ops.runs.steps import complete_step, newest_step
from ops.runs.watch import LOOK_EVERY, Watch


def watch(
    context: typer.Context,
    step_id: Annotated[
        str | None,
        typer.Argument(
            help="A step; the newest unless given.", metavar="STEP", show_default=False, autocompletion=complete_step
        ),
    ] = None,
    *,
    values: Context = None,
    cancel_on_interrupt: Annotated[
        bool, typer.Option("--cancel-on-interrupt", help="On Ctrl-C cancel the step; otherwise it goes on.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the driver's whole log.")] = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two updates.", min=0.2)] = LOOK_EVERY,
) -> None:
    """Watch a run until it ends, as fruits run does; its verdict is the exit code, also of one that has ended."""
    place = find_place(values)
    step = newest_step(place, step_id, None)
    output = place.deployment.output("FruitsStorage", "OutputUri")
    looks = Watch(place.client, step.cluster_id, step.id, output, look_every, clock_of(context))
    raise typer.Exit(watch_to_the_end(place, looks, cancel=cancel_on_interrupt, verbose=verbose))
