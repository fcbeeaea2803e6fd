"""Row of memory: the job on the photographs, and on the same photographs many times over."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.job_rows import row_of, submit_job
from bench.row import Row
from bench.settings import RowFailed, Settings, fresh_folder


def memory(settings: Settings) -> Row:
    """Run the job once and `repeat` times over; the row's peaks are those of the second run."""
    settings.freeze()
    paths = settings.spread(settings.memory_images)
    tree = fresh_folder("memory-images")
    try:
        once = _run(settings, tree, paths, 1)
        often = _run(settings, tree, paths, settings.repeat)
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    peaks = (once.worker_peak_bytes, once.driver_peak_bytes, often.driver_peak_bytes)
    if None in peaks or often.images <= once.images:
        raise RowFailed(
            f"nothing to compare: {once.images} and {often.images} images, peaks {peaks}; is --repeat 2 or more?"
        )
    added = often.images - once.images
    before = ", ".join(f"{(peak or 0) / 1e6:.0f}" for peak in (once.driver_peak_bytes, once.jvm_peak_bytes, peaks[0]))
    return replace(
        often,
        name=f"{often.name}; MB once: {before}",
        details={
            **often.details,
            "base_images": once.images,
            "base_worker_peak_bytes": once.worker_peak_bytes,
            "base_driver_peak_bytes": once.driver_peak_bytes,
            "base_jvm_peak_bytes": once.jvm_peak_bytes,
            "driver_bytes_an_image": ((often.driver_peak_bytes or 0) - (once.driver_peak_bytes or 0)) / added,
            "jvm_bytes_an_image": ((often.jvm_peak_bytes or 0) - (once.jvm_peak_bytes or 0)) / added,
        },
    )


def repeated(root: Path, paths: Sequence[str], times: int, tree: Path) -> Path:
    """Lay a tree with each photograph many times, by hard links: many files, and the bytes of one.

    Photographs on another file system are copied for the first of their links.
    """
    for path in paths:
        first = tree / "0" / path
        for number in range(times):
            link = tree / str(number) / path
            if link.exists():
                continue
            link.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(first if number else root / path, link)
            except OSError:
                shutil.copy2(root / path, link)
    return tree


def _run(settings: Settings, tree: Path, paths: Sequence[str], times: int) -> Row:
    images = repeated(settings.images, paths, times, tree)
    output = fresh_folder("memory")
    measured = submit_job("memory", str(images), output)
    return row_of("memory", f"the job, {len(paths):,} photographs {times} times over", measured, output)
