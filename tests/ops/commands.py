"""The `fruits` command with the environment of an embedded AWS."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from typer.testing import CliRunner, Result

from ops.cli import app
from ops.clock import Clock
from rehearsal.embedded.aws import EmbeddedAws

Fruits = Callable[..., Result]
"""Runs a command, optionally by another clock, and returns its exit code and what it printed."""

_HEARS_CTRL_C: Final = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " runpy.run_module('ops.cli', run_name='__main__')"
)


def in_the_foreground(*arguments: str) -> list[str]:
    """Return a command line that hears Ctrl-C, as at a terminal; what a shell starts in the background does not."""
    return [sys.executable, "-c", _HEARS_CTRL_C, *arguments]


def fruits_with(aws: EmbeddedAws, **variables: str | None) -> Fruits:
    """Return the commands with the environment of an embedded AWS, some variables of which are others or missing."""
    environment: Mapping[str, str | None] = {**aws.environment(), "COLUMNS": "200", **variables}

    def fruits(*arguments: str, clock: Clock | None = None) -> Result:
        return CliRunner().invoke(app, arguments, env=environment, obj=clock)

    return fruits
