"""The `fruits` command."""

import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ops.console import Commands, err, out, progress_bar
from ops.local import fruits_360, spark_submit
from ops.local import report as local_results
from ops.local.sample import render_sample
from ops.preflight.command import preflight
from ops.pricing.command import price
from ops.review.command import VerdictCommand, review
from ops.runs.commands.logs import logs
from ops.runs.commands.results import results
from ops.runs.commands.run import RUN_SETTINGS, run
from ops.runs.commands.runs import runs
from ops.teardown.commands import destroy, empty, leaks
from ops.upload.command import upload_images
from rehearsal.commands import aws
from rehearsal.rehearse import rehearse

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Fruit photographs to features to principal components.")
images = typer.Typer(no_args_is_help=True, help="Get photographs.")
app.command(rich_help_panel="Before a deployment")(rehearse)
app.command(cls=VerdictCommand, rich_help_panel="Before a deployment")(review)
_HERE = "On this machine"
app.add_typer(images, name="images", rich_help_panel="Runs")
app.add_typer(aws, name="aws", rich_help_panel=_HERE)
images.command("upload")(upload_images)
_PANELS: Mapping[str, tuple[Callable[..., None], ...]] = {
    "Before a deployment": (preflight, price),
    "Runs": (run, runs, logs, results),
    "The end": (leaks, empty, destroy),
}
for panel, commands in _PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel, context_settings=RUN_SETTINGS if command is run else None)(command)


@images.command("sample")
def images_sample(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder, or one this command filled.")],
    per_label: Annotated[int, typer.Option(help="Pictures of each of the twelve fruits.")] = 50,
    seed: Annotated[int, typer.Option(help="Other numbers give other fruits.")] = 20,
) -> None:
    """Render a labelled sample: turntable shots of fruits on white, drawn by this program, not photographed."""
    with progress_bar("Rendering", "pictures") as advance:
        summary = render_sample(
            folder,
            per_label=per_label,
            seed=seed,
            progress=advance,
        )
    state = f"{summary.written} written" if summary.written else "all there already"
    out.print(
        f"{summary.photographs} rendered pictures of {len(summary.labels)} fruits in {folder} ({state})",
        soft_wrap=True,
    )


@images.command("fetch")
def images_fetch(
    folder: Annotated[Path, typer.Argument(help="Where the photographs go.")],
    labels: Annotated[list[str] | None, typer.Option("--label", help="Only this label; may be given again.")] = None,
    per_label: Annotated[
        int | None, typer.Option(help="At most so many photographs of a label and split.", min=1)
    ] = None,
) -> None:
    """Fetch Fruits-360 from Kaggle, or a subset of it."""
    summary = fruits_360.fetch_fruits_360(folder, labels=labels or (), per_label=per_label)
    out.print(f"{summary.photographs} photographs of {summary.labels} labels in {folder}", soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, rich_help_panel=_HERE)
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

        manifest = spark_submit.submit(spark_submit.Submission(arguments, master), progress=advance, log=log)
    local_results.show(manifest, output_uri, out)


@app.command(rich_help_panel=_HERE)
def report(
    output: Annotated[str, typer.Argument(help="The results of a run: a folder or s3://bucket/prefix.")] = "out",
    browser: Annotated[bool, typer.Option(help="Open it; otherwise only say where it is.")] = True,
) -> None:
    """Open the report of the last run."""
    path = local_results.last_report(output)
    out.print(str(path), soft_wrap=True)
    if browser:
        webbrowser.open(path.as_uri())


if __name__ == "__main__":
    app()
