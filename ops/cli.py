"""The `fruits` command: what it offers, and in which panel of its help."""

import platform
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from job import __version__
from ops.console import Commands, out
from ops.facts.command import facts
from ops.local.commands.featurize import FEATURIZE_SETTINGS, featurize
from ops.local.commands.fetch import fetch
from ops.local.commands.report import report
from ops.local.commands.sample import sample
from ops.preflight.command import preflight
from ops.pricing.command import price
from ops.review.command import VerdictCommand, review
from ops.review.deploy import deploy
from ops.runs.commands.logs import logs
from ops.runs.commands.probe import probe
from ops.runs.commands.results import results
from ops.runs.commands.run import RUN_SETTINGS, run
from ops.runs.commands.runs import runs
from ops.runs.commands.status import status
from ops.runs.commands.watch import watch
from ops.teardown.destroy.command import destroy
from ops.teardown.empty.command import empty
from ops.teardown.forget.command import forget
from ops.teardown.leaks.command import leaks
from ops.upload.command import upload
from ops.use.command import use
from ops.verify.command import verify
from rehearsal.commands import aws
from rehearsal.present.command import present
from rehearsal.rehearse import rehearse

_BEFORE: Final = "Before a deployment"
_RUNS: Final = "Runs"
_END: Final = "The end"
_ACCOUNT: Final = "On a new account"
_HERE: Final = "On this machine"
_PANELS: Final[Mapping[str, tuple[Callable[..., None], ...]]] = {
    _BEFORE: (use, rehearse, preflight, price, review, deploy),
    _RUNS: (run, status, watch, logs, probe, results),
    _ACCOUNT: (verify,),
    _END: (leaks, forget, empty, destroy),
    _HERE: (featurize, report, facts, present),
}
_FURTHER: Final[Mapping[Callable[..., None], Mapping[str, Any]]] = {
    review: {"cls": VerdictCommand},
    run: {"context_settings": RUN_SETTINGS},
    featurize: {"context_settings": FEATURIZE_SETTINGS},
}

app = typer.Typer(cls=Commands, no_args_is_help=True)
images = typer.Typer(no_args_is_help=True, help="Get, render and upload photographs.")


@app.callback(invoke_without_command=True)
def fruits(
    *,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """Fruit photographs to features to principal components."""
    if version:
        out.print(f"fruits {__version__}, Python {platform.python_version()}")
        raise typer.Exit


for command in (upload, sample, fetch):
    images.command()(command)
for panel, commands in _PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel, **_FURTHER.get(command, {}))(command)
app.add_typer(runs, name="runs", rich_help_panel=_RUNS)
app.add_typer(images, name="images", rich_help_panel=_RUNS)
app.add_typer(aws, name="aws", rich_help_panel=_HERE)

if __name__ == "__main__":
    app()
