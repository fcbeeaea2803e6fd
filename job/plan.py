"""Divide pending photographs into tasks."""

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

LARGEST_TASK: Final = 8192
"""More would take memory for their names alone; at 100 photographs a second it is a minute and a half of work."""

SMALLEST_TASK: Final = 64
"""Fewer would take less time than starting the task."""

_SHARE: Final = 2


def task_sizes(photographs: int, slots: int) -> Iterator[int]:
    """Give the sizes of tasks: large at first, small at the end, so that all slots finish together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987, doi:10.1109/TC.1987.5009495): each task takes a fixed
    share of what remains.

    Parameters
    ----------
    photographs
        How many there are.
    slots
        How many tasks run at once.

    Yields
    ------
    int
        Sizes that sum to `photographs`.
    """
    while photographs > 0:
        size = min(photographs, max(SMALLEST_TASK, min(LARGEST_TASK, photographs // (_SHARE * slots))))
        yield size
        photographs -= size


def write_plan(photographs: pa.Table, pending: NDArray[np.int64], slots: int) -> tuple[bytes, int]:
    """Write pending photographs as Parquet with one row group a task.

    Parameters
    ----------
    photographs
        The listing.
    pending
        Numbers of its rows.
    slots
        How many tasks run at once.

    Returns
    -------
    tuple of bytes and int
        The object, and the number of tasks.
    """
    output = io.BytesIO()
    start = tasks = 0
    with pq.ParquetWriter(output, photographs.schema, compression="zstd") as writer:
        for size in task_sizes(len(pending), slots):
            writer.write_table(photographs.take(pending[start : start + size]), row_group_size=size)
            start += size
            tasks += 1
    pa.default_memory_pool().release_unused()  # what cutting up the listing took
    return output.getvalue(), tasks
