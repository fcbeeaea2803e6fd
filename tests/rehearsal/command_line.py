"""The `fruits` command with the environment of an embedded AWS."""

from collections.abc import Callable, Mapping

from typer.testing import CliRunner, Result

from ops.cli import app
from rehearsal.embedded.aws import EmbeddedAws

Fruits = Callable[..., Result]
"""Runs a command and gives its exit code and what it said."""


def fruits_with(aws: EmbeddedAws, **variables: str | None) -> Fruits:
    """Give the commands with the environment of an embedded AWS, some variables of which are others or missing."""
    environment: Mapping[str, str | None] = {**aws.environment(), "COLUMNS": "200", **variables}
    return lambda *arguments: CliRunner().invoke(app, arguments, env=environment)
