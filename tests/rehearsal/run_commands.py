"""The commands around runs alone, in this process or, with ``python -m``, in one of their own."""

from collections.abc import Callable, Mapping

import typer
from typer.testing import CliRunner, Result

from ops.clock import Clock
from ops.console import Commands
from ops.preflight.command import preflight
from ops.runs.commands.logs import logs
from ops.runs.commands.results import results
from ops.runs.commands.run import RUN_SETTINGS, run
from ops.runs.commands.runs import runs
from ops.upload.command import upload
from rehearsal.embedded.aws import EmbeddedAws

app = typer.Typer(cls=Commands)
app.command(context_settings=RUN_SETTINGS)(run)
for command in (runs, logs, results, preflight, upload):
    app.command()(command)

Fruits = Callable[..., Result]
"""Runs a command and gives its exit code and what it said."""


def fruits_with(aws: EmbeddedAws, **variables: str | None) -> Fruits:
    """Give the commands with the environment of an embedded AWS, some variables of which are others or missing."""
    environment: Mapping[str, str | None] = {**aws.environment(), "COLUMNS": "200", **variables}

    def fruits(*arguments: str, clock: Clock | None = None) -> Result:
        return CliRunner().invoke(app, arguments, env=environment, obj=clock)

    return fruits


if __name__ == "__main__":
    app()
