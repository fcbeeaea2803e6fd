"""Divide work into tasks, by how much there is alone: how many slots will come is not known when a run starts.

A cluster starts without executors, and gets more and loses some while the run goes on; see
docs/decisions/0161-a-plan-for-any-number-of-slots.md, also for the simulation that the sizes rest on.
"""

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

LARGEST_TASK: Final = 512
"""One commit; at 100 photographs a second it is five seconds of work, to which starting a task adds some percent."""

SMALLEST_TASK: Final = 96
"""Of less, starting the task would be too large a share."""

_SHARE: Final = 96

ROWS_IN_GROUP: Final = 2048
"""Rows of features to a task that sums or projects them: one block of the exact moments, some tenths of a second."""

MOST_GROUPS: Final = 128
"""Each task that sums sends 6.6 MB to be added up."""


def task_sizes(photographs: int) -> Iterator[int]:
    """Give the sizes of tasks: larger at first, small at the end, so that all slots finish together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987, doi:10.1109/TC.1987.5009495) takes a share of what remains
    that depends on the number of slots; here it is fixed, between two bounds.

    Parameters
    ----------
    photographs
        How many there are.

    Yields
    ------
    int
        Sizes that sum to `photographs`.
    """
    while photographs > 0:
        size = min(photographs, max(SMALLEST_TASK, min(LARGEST_TASK, photographs // _SHARE)))
        yield size
        photographs -= size


def group_count(rows: int) -> int:
    """Give the number of tasks that sum or project so many rows of features."""
    return min(MOST_GROUPS, max(1, -(-rows // ROWS_IN_GROUP)))


def write_plan(photographs: pa.Table, pending: NDArray[np.int64]) -> tuple[bytes, int]:
    """Write pending photographs as Parquet with one row group a task.

    Parameters
    ----------
    photographs
        The listing.
    pending
        Numbers of its rows.

    Returns
    -------
    tuple of bytes and int
        The object, and the number of tasks.
    """
    output = io.BytesIO()
    start = tasks = 0
    # Each task reads the footer, which statistics of each row group's paths would make several times as large.
    options = {"compression": "zstd", "write_statistics": False}
    with pq.ParquetWriter(output, photographs.schema, **options) as writer:
        for size in task_sizes(len(pending)):
            writer.write_table(photographs.take(pending[start : start + size]), row_group_size=size)
            start += size
            tasks += 1
    pa.default_memory_pool().release_unused()  # what cutting up the listing took
    return output.getvalue(), tasks
