"""Divide work into tasks, by how much there is alone: how many slots will come is not known when a run starts.

A cluster starts without executors, and gets more and loses some while the run goes on; see
docs/decisions/0161-a-plan-for-any-number-of-slots.md, also for the simulation that the sizes rest on.
"""

import io
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from job.storage.tasks import task_sizes

ROWS_IN_GROUP: Final = 2048
"""Rows of features to a task that sums or projects them: one block of the exact moments, some tenths of a second."""

MOST_GROUPS: Final = 128
"""Each task that sums sends 6.6 MB to be added up."""


def group_count(rows: int) -> int:
    """Return the number of tasks that sum or project so many rows of features."""
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
