"""``fruits featurize``: the job on this machine."""

from typing import Annotated, Final

import typer

from ops.console import err, out, progress_bar
from ops.local.spark_submit import Submission, submit
from ops.summary import show_summary

FEATURIZE_SETTINGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of the command `featurize`: what it does not know is for the job."""


def featurize(
    context: typer.Context,
    images_uri: Annotated[
        str, typer.Option("--images", help="Root of the photographs: a folder or s3://bucket/prefix.")
    ],
    output_uri: Annotated[str, typer.Option("--output", help="Where results go.")] = "out",
    master: Annotated[str, typer.Option(help="Spark's master.")] = "local[*]",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the job logs.")] = False,
) -> None:
    """Run the job on this machine; further arguments (--variance, --engine, …) go to job/main.py."""
    arguments = ["--images", images_uri, "--output", output_uri, *context.args]
    with progress_bar("Starting Spark", "photographs") as show:

        def advance(done: int, total: int) -> None:
            show(done, total, doing="Featurizing")

        def log(line: str) -> None:
            if verbose:
                err.print(line)

        manifest = submit(Submission(arguments, master), progress=advance, log=log)
    show_summary(manifest, output_uri, out)
