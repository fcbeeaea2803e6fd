"""The file that keeps the rows of all runs, and the table that shows them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.goals import goals, ratio_of
from bench.row import Row

_VERDICTS: Final = {True: "[green]met[/]", False: "[red]not met[/]", None: "[yellow]open[/]"}


def read(path: Path) -> dict[str, Row]:
    """Read the file of results, or nothing where there is none."""
    if not path.exists():
        return {}
    names = [field.name for field in fields(Row)]
    return {item["row"]: Row(**{name: item[name] for name in names}) for item in json.loads(path.read_text())}


def merge(path: Path, measured: Row, order: Iterable[str]) -> dict[str, Row]:
    """Put a row into the file in the place of the former one of that name, and give all rows in order."""
    known = {**read(path), measured.row: measured}
    rows = {name: known[name] for name in order if name in known}
    objects = []
    for row in rows.values():
        ratio = ratio_of(row, rows)
        derived = {
            "images_per_second": row.images_per_second,
            "ratio": ratio.value if ratio else None,
            "ratio_to": ratio.to if ratio else None,
        }
        objects.append({**asdict(row), **derived})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(objects, indent=2) + "\n")
    unfinished.replace(path)
    return rows


def show(rows: Mapping[str, Row], console: Console) -> None:
    """Print the table of the rows, what they were measured on, and the goals."""
    console.print(table_of(rows))
    for line in sorted({_machine(row) for row in rows.values()}):
        console.print(line, style="dim", highlight=False)
    judged = Table("Goal", "measured", "", title="Goals", title_justify="left")
    for goal in goals(rows):
        judged.add_row(goal.text, goal.measured, _VERDICTS[goal.met])
    console.print(judged)


def table_of(rows: Mapping[str, Row]) -> Table:
    """Return the table of the rows; one that failed says why in the place of its numbers."""
    table = Table(title="Benchmark", title_justify="left")
    for heading in ("row", "what"):
        table.add_column(heading, overflow="fold")
    for heading in (
        "images",
        "seconds",
        "images/s",
        "featurize s",
        "PCA s",
        "ratio",
        "driver MB",
        "JVM MB",
        "worker MB",
        "load",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows.values():
        if row.error:
            table.add_row(row.row, f"[red]failed:[/] {escape(row.error)}")
            continue
        ratio = ratio_of(row, rows)
        table.add_row(
            row.row,
            row.name,
            f"{row.images:,}",
            _number(row.seconds),
            _number(row.images_per_second),
            _number(row.featurize_seconds),
            _number(row.pca_seconds),
            f"{ratio.value:.2f} x {ratio.to}" if ratio else "",
            _megabytes(row.driver_peak_bytes),
            _megabytes(row.jvm_peak_bytes),
            _megabytes(row.worker_peak_bytes),
            f"{row.machine['load_average']:.1f}",
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _megabytes(value: int | None) -> str:
    return "" if value is None else f"{value / 1e6:,.0f}"


def _machine(row: Row) -> str:
    machine = row.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return f"{machine['cores']} cores, {machine['processor']}, {machine['system']}; {versions}"
