"""The `fruits` command with the environment of an embedded AWS."""

from collections.abc import Callable, Mapping

from typer.testing import CliRunner, Result

from ops.cli import app
from ops.clock import Clock
from rehearsal.embedded.aws import EmbeddedAws

Fruits = Callable[..., Result]
"""Runs a command, optionally by another clock, and returns its exit code and what it printed."""


def fruits_with(aws: EmbeddedAws, **variables: str | None) -> Fruits:
    """Return the commands with the environment of an embedded AWS, some variables of which are others or missing."""
    environment: Mapping[str, str | None] = {**aws.environment(), "COLUMNS": "200", **variables}

    def fruits(*arguments: str, clock: Clock | None = None) -> Result:
        return CliRunner().invoke(app, arguments, env=environment, obj=clock)

    return fruits
