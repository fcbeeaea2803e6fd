"""``fruits images fetch``: the photographs of Fruits-360."""

from pathlib import Path
from typing import Annotated

import typer

from ops.console import out
from ops.local.fruits_360 import fetch_fruits_360


def fetch(
    folder: Annotated[Path, typer.Argument(help="Where the photographs go.")],
    labels: Annotated[list[str] | None, typer.Option("--label", help="Only this label; may be given again.")] = None,
    per_label: Annotated[
        int | None, typer.Option(help="At most so many photographs of a label and split.", min=1)
    ] = None,
) -> None:
    """Fetch Fruits-360 from Kaggle, or a subset of it."""
    summary = fetch_fruits_360(folder, labels=labels or (), per_label=per_label)
    out.print(f"{summary.photographs} photographs of {summary.labels} labels in {folder}", soft_wrap=True)
