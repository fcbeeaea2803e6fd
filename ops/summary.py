"""The summary of a run on the terminal, from its manifest."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from job.storage.layout import RunFolder
from job.storage.left_out import left_out_in_words
from ops.quantities import size


def results_of(manifest: Mapping[str, Any], output: str) -> str:
    """Return where the results of a run are, which for a trial is a folder of its own below the output.

    Parameters
    ----------
    manifest
        Manifest or record of the run; one of an older version knows of no trials.
    output
        What the job was given as ``--output``.
    """
    trial = manifest.get("trial")
    return "/".join([output.rstrip("/"), *([trial["results"]] if trial else ())])


def show_summary(manifest: Mapping[str, Any], output: str, console: Console) -> None:
    """Print the summary of a run.

    Parameters
    ----------
    manifest
        Manifest as the job prints it.
    output
        What the job was given as ``--output``.
    console
        Console to print it on.
    """
    counts, pca, seconds, images = (
        manifest["counts"],
        manifest["pca"],
        manifest["seconds"],
        manifest["images"],
    )
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    kind = "rendered pictures" if images["rendered"] else "photographs"
    table.add_row("Images", f"{counts['images']:,} {kind} of {images['labels']} labels, {size(images['bytes'])}")
    if images.get("left_out"):
        table.add_row("Left out", left_out_in_words(images["left_out"]))
    for note in images.get("notes", ()):
        table.add_row("Note", note)
    table.add_row("Computed", f"{counts['computed']:,} of them now, {counts['reused']:,} by earlier runs")
    table.add_row("Features", f"{counts['features']:,}")
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts["reasons"].items())
    table.add_row("Quarantined", f"{counts['quarantined']:,}" + (f" ({reasons})" if reasons else ""))
    table.add_row(
        "Model",
        f"{manifest['model']['name']}, {manifest['model']['weights']}, engine {manifest['model']['engine']}",
    )
    table.add_row("Components", f"{pca['components']} hold {pca['explained']:.2%} of the variance")
    stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if name != "total")
    table.add_row("Seconds", f"{seconds['total']:.1f} ({stages})")
    if counts["computed"] and "featurize" in seconds:
        rate, slots = counts["computed"] / seconds["featurize"], manifest["slots"]
        table.add_row("Rate", f"{rate:,.0f} images/s in featurize, on {slots} slot{'s' * (slots != 1)}")
    table.add_row("Report", f"{results_of(manifest, output)}/{RunFolder(manifest['run']).page}")
    console.print(table, soft_wrap=True)
