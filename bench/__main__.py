"""Run the benchmark, `python -m bench --images FOLDER [--rows a,b]`, or show what is on file with `--show`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.cluster_row import job_cluster
from bench.engine_limit import engine_limit
from bench.job_rows import job_again, job_keras, job_litert
from bench.memory_row import memory
from bench.notebook import notebook
from bench.pca_rows import COMPONENTS, pca_ours, pca_spark
from bench.ray_row import ray_data
from bench.results import merge, read, show
from bench.row import Row, machine_facts
from bench.s3_rows import s3_with_delay, s3_without_delay
from bench.settings import OUT, RowFailed, Settings
from job.errors import JobError

ROWS: Final[Mapping[str, Callable[[Settings], Row]]] = {
    "engine-limit": engine_limit,
    "job-litert": job_litert,
    "job-again": job_again,
    "job-cluster": job_cluster,
    "job-keras": job_keras,
    "notebook": notebook,
    "ray": ray_data,
    "pca-ours": pca_ours,
    "pca-spark": pca_spark,
    "s3-0ms": s3_without_delay,
    "s3-30ms": s3_with_delay,
    "memory": memory,
}
"""In the order in which they are run and shown: rows that are compared lie close together."""

RESULTS: Final = OUT / "results.json"
_WIDTH: Final = 170


def main() -> int:
    """Measure the asked rows one after the other; give 1 if one of them failed."""
    arguments = _parse()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    rows = read(RESULTS)
    failed = False
    if not arguments.show:
        settings = Settings(
            arguments.images.resolve(),
            arguments.components or COMPONENTS,
            arguments.s3_images,
            arguments.memory_images,
            arguments.repeat,
        )
        try:
            count, size = len(settings.photographs), settings.warm()
        except JobError as error:
            console.print(f"error: {error}", style="red", markup=False)
            return 2
        console.print(f"{count:,} photographs, {size / 1e6:.0f} MB, read once: every row finds them in memory")
        for name in arguments.rows:
            if arguments.components is None and "job-litert" in rows and rows["job-litert"].details:
                settings.components = rows["job-litert"].details["components"]
            rows = _measure(name, settings, console)
            failed = failed or bool(rows[name].error)
    show(rows, console)
    return int(failed)


def _measure(name: str, settings: Settings, console: Console) -> dict[str, Row]:
    machine = machine_facts()
    console.print(f"{name} …", highlight=False)
    try:
        row = ROWS[name](settings)
        settings.done.add(name)
    except Exception as error:
        # One row's trouble must not cost the others.
        why = str(error) if isinstance(error, RowFailed | JobError) else f"{type(error).__name__}: {error}"
        row = Row(name, name, error=why)
    said = f"failed: {row.error}" if row.error else f"{row.seconds:.1f} s, {row.images_per_second:.1f} images/s"
    console.print(f"{name}: {said}", markup=False, highlight=False)
    return merge(RESULTS, row.on(machine), ROWS)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--images", type=Path, metavar="FOLDER", help="root of the photographs")
    add("--rows", type=_rows, default=list(ROWS), metavar="A,B,…", help=f"default all: {', '.join(ROWS)}")
    add(
        "--components", type=int, metavar="N", help=f"of the notebook's PCA; default as job-litert's, else {COMPONENTS}"
    )
    add("--s3-images", type=int, default=3000, metavar="N", help="most photographs of the S3 rows (default 3000)")
    add("--memory-images", type=int, metavar="N", help="most photographs of the memory row's first run (default all)")
    add("--repeat", type=int, default=10, metavar="N", help="how many times as many its second run has (default 10)")
    add("--show", action="store_true", help="print what is on file, measure nothing")
    arguments = parser.parse_args()
    if not arguments.show and arguments.images is None:
        parser.error("--images FOLDER is needed, or --show")
    return arguments


def _rows(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in ROWS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no row {', '.join(unknown) or text!r}; accepted are {', '.join(ROWS)}")
    return [name for name in ROWS if name in names]


if __name__ == "__main__":
    sys.exit(main())
