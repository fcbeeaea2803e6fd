"""``fruits images sample``: rendered pictures to try the job on."""

from pathlib import Path
from typing import Annotated

import typer

from ops.console import out, progress_bar
from ops.local.sample import render_sample


def sample(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder, or one this command filled.")],
    per_label: Annotated[int, typer.Option(help="Pictures of each of the twelve fruits.")] = 50,
    seed: Annotated[int, typer.Option(help="Other numbers give other fruits.")] = 20,
) -> None:
    """Render a labelled sample: turntable shots of fruits on white, drawn by this program, not photographed."""
    with progress_bar("Rendering", "pictures") as advance:
        summary = render_sample(folder, per_label=per_label, seed=seed, progress=advance)
    state = f"{summary.written} written" if summary.written else "all there already"
    out.print(
        f"{summary.photographs} rendered pictures of {len(summary.labels)} fruits in {folder} ({state})",
        soft_wrap=True,
    )
