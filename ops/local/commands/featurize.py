"""``fruits featurize``: the job on this machine."""

from typing import Annotated, Final

import typer

from job.arguments import parse_arguments
from ops.console import err, out, progress_bar
from ops.errors import ExitCode, FruitsError
from ops.local.spark_submit import Submission, submit
from ops.summary import show_summary

REGISTRATION: Final = {"context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}
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
    """Run the job on this machine; further arguments (--variance, --engine, …) are the job's: featurize -- --help.

    After Ctrl-C what is done is kept, and the same command goes on from there.
    """
    if {"-h", "--help"} & set(context.args):
        parse_arguments(["--help"])
    arguments = ["--images", images_uri, "--output", output_uri, *context.args]
    with progress_bar("Starting Spark", "photographs") as show:

        def advance(done: int, total: int) -> None:
            show(done, total, doing="Featurizing")

        def log(line: str) -> None:
            if verbose:
                err.print(line)

        try:
            manifest = submit(Submission(arguments, master), progress=advance, log=log)
        except KeyboardInterrupt:
            raise FruitsError(
                f"interrupted: what is done is kept in {output_uri}, and the same command goes on from there",
                exit_code=ExitCode.INTERRUPTED,
            ) from None
    show_summary(manifest, output_uri, out)
