"""``fruits notebook run``: the notebook on the cluster, without a person."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from job.notebook.words import Language
from ops.aws.place import find_place
from ops.clock import clock_of
from ops.console import Context, out, status
from ops.errors import WrongUsage
from ops.notebook.build import path_of
from ops.notebook.executions import read_executed, require_finished, start

notebook = typer.Typer(no_args_is_help=True, help="Run the notebook on the interactive cluster.")


@notebook.command()
def run(
    context: typer.Context,
    *,
    values: Context = None,
    language: Annotated[Language, typer.Option(help="Of its prose and its outputs.")] = "en",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="A value for its cell of parameters.", metavar="NAME=VALUE"),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder that the executed notebook goes to.")] = Path("out/notebook"),
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = 10.0,
) -> None:
    """Run the notebook on the interactive cluster as EMR Studio would, and fetch it with its outputs.

    Exit code 1: a cell failed, or EMR did not run it to its end; what has been run is fetched in any case.
    """
    source = path_of(language)
    parameters = json.dumps(dict(map(_parameter, parameter or ())))
    place = find_place(values)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    execution = start(place.client, place.deployment, source.read_bytes(), name=name, parameters=parameters)
    with status(f"Notebook execution {execution.id}") as show:
        described = execution.wait(seconds=look_every, clock=clock_of(context), show=show)
    content = read_executed(place.client, described)
    output.mkdir(parents=True, exist_ok=True)
    fetched = output / source.name
    fetched.write_bytes(content)
    out.print(f"Notebook  {fetched}", soft_wrap=True)
    require_finished(described, content)


def _parameter(text: str) -> tuple[str, Any]:
    """Read a value as JSON where it is some, and as text otherwise."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise WrongUsage(f"--parameter {text}: accepted: NAME=VALUE, such as components=50")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
