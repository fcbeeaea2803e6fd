"""The `fruits` command: what it offers, and in which panel of its help."""

import platform
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from job import __version__
from ops.console import out
from ops.loading import Offer, OfferedCommands

_BEFORE: Final = "Before a deployment"
_RUNS: Final = "Runs"
_END: Final = "The end"
_ACCOUNT: Final = "On a new account"
_HERE: Final = "On this machine"
_COMMANDS: Final[Mapping[str, Offer]] = {
    "use": Offer("ops.use.command:use", _BEFORE),
    "rehearse": Offer("rehearsal.rehearse:rehearse", _BEFORE),
    "preflight": Offer("ops.preflight.command:preflight", _BEFORE),
    "price": Offer("ops.pricing.command:price", _BEFORE),
    "review": Offer("ops.review.command:review", _BEFORE),
    "deploy": Offer("ops.review.deploy:deploy", _BEFORE),
    "run": Offer("ops.runs.commands.run:run", _RUNS),
    "status": Offer("ops.runs.commands.status:status", _RUNS),
    "watch": Offer("ops.runs.commands.watch:watch", _RUNS),
    "logs": Offer("ops.runs.commands.logs:logs", _RUNS),
    "probe": Offer("ops.runs.commands.probe:probe", _RUNS),
    "spark-ui": Offer("ops.runs.commands.spark_ui:spark_ui", _RUNS),
    "results": Offer("ops.runs.commands.results:results", _RUNS),
    "verify": Offer("ops.verify.command:verify", _ACCOUNT),
    "leaks": Offer("ops.teardown.leaks.command:leaks", _END),
    "forget": Offer("ops.teardown.forget.command:forget", _END),
    "empty": Offer("ops.teardown.empty.command:empty", _END),
    "destroy": Offer("ops.teardown.destroy.command:destroy", _END),
    "featurize": Offer("ops.local.commands.featurize:featurize", _HERE),
    "report": Offer("ops.local.commands.report:report", _HERE),
    "facts": Offer("ops.facts.command:facts", _HERE),
    "present": Offer("rehearsal.present.command:present", _HERE),
    "runs": Offer("ops.runs.commands.runs:runs", _RUNS),
    "notebook": Offer("ops.notebook.command:notebook", _RUNS),
    "images": Offer("ops.images:images", _RUNS),
    "aws": Offer("rehearsal.commands:aws", _HERE),
}


class Fruits(OfferedCommands):
    """All commands."""

    offers = _COMMANDS


app = typer.Typer(cls=Fruits, no_args_is_help=True)


@app.callback(invoke_without_command=True)
def fruits(
    *,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """Fruit photographs to features to principal components."""
    if version:
        out.print(f"fruits {__version__}, Python {platform.python_version()}")
        raise typer.Exit


if __name__ == "__main__":
    app()
