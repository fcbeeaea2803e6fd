"""``fruits report``: the report of the last run, in a browser."""

import webbrowser
from typing import Annotated

import typer

from ops.console import out
from ops.local.report import last_report


def report(
    output: Annotated[str, typer.Argument(help="The results of a run: a folder or s3://bucket/prefix.")] = "out",
    browser: Annotated[bool, typer.Option(help="Open it; otherwise only say where it is.")] = True,
) -> None:
    """Open the report of the last run."""
    path = last_report(output)
    out.print(str(path), soft_wrap=True)
    if browser:
        webbrowser.open(path.as_uri())
