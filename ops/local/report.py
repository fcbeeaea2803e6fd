"""What a run left: its summary on the terminal, and where its report lies."""

import tempfile
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from rich.console import Console
from rich.table import Table

from job.errors import JobError
from job.storage.layout import REPORTS, RunFolder, is_page
from job.storage.locations import Location
from job.storage.refusals import reason_of
from ops.errors import FruitsError


class NoReport(FruitsError):
    """There is no report where one was looked for."""


def show(manifest: dict[str, Any], output: str, console: Console) -> None:
    """Print the summary of a run.

    Parameters
    ----------
    manifest
        As the job gives it.
    output
        What the job was given as ``--output``.
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
    table.add_row(
        "Images", f"{counts['images']:,} {kind} of {images['labels']} labels, {images['bytes'] / 1e6:,.1f} MB"
    )
    table.add_row(
        "Features",
        f"{counts['features']:,} ({counts['computed']:,} computed now, {counts['reused']:,} reused)",
    )
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
        rate = counts["computed"] / seconds["featurize"]
        table.add_row("Rate", f"{rate:,.0f} images/s in featurize, on {manifest['slots']} slots")
    table.add_row("Report", f"{output.rstrip('/')}/{RunFolder(manifest['run']).page}")
    console.print(table, soft_wrap=True)


def last_report(output: str) -> Path:
    """Find the newest report below an output; one on S3 is copied to this machine.

    Raises
    ------
    NoReport
        If there is none, or it cannot be read.
    """
    try:
        location = Location.parse(output)
        store = location.open()
        found = [item for page in obstore.list(store, REPORTS) for item in page]
        reports = [item for item in found if is_page(item["path"])]
        if not reports:
            raise NoReport(
                f"no report below {output}/{REPORTS}; run: fruits featurize --images FOLDER --output {output}"
            )
        path = max(reports, key=lambda item: item["last_modified"])["path"]
        if location.bucket is None:
            return Path(location.child(path).path).resolve()
        copy = Path(tempfile.mkdtemp(prefix="fruits-")) / "report.html"
        copy.write_bytes(bytes(obstore.get(store, path).bytes()))
    except (JobError, BaseError, OSError) as error:
        raise NoReport(f"cannot look for reports below {output}: {reason_of(error)}") from error
    return copy
