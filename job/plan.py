"""Divide pending photographs into the batches that tasks featurize and commit."""

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LARGEST_BATCH: Final = 512
"""At 100 photographs a second and core, five seconds of work: what a kill can cost a core."""

SMALLEST_BATCH: Final = 32
_SHARE: Final = 4


def batch_sizes(photographs: int, slots: int, largest: int = LARGEST_BATCH) -> Iterator[int]:
    """Give the sizes of batches: large at first, small at the end, so that all slots finish together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987, doi:10.1109/TC.1987.5009495): each batch takes a fixed share
    of what remains.

    Parameters
    ----------
    photographs
        How many there are.
    slots
        How many tasks run at once.
    largest
        No batch has more photographs.

    Yields
    ------
    int
        Sizes that sum to `photographs`.
    """
    smallest = min(SMALLEST_BATCH, largest)
    while photographs > 0:
        size = min(photographs, max(smallest, min(largest, photographs // (_SHARE * slots))))
        yield size
        photographs -= size


def batches(pending: pa.Table, slots: int, largest: int = LARGEST_BATCH) -> pa.Table:
    """Add a first column `batch` with the number of each pending photograph's batch."""
    sizes = list(batch_sizes(pending.num_rows, slots, largest))
    numbers = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    return pending.add_column(0, "batch", pa.array(numbers))


def row_groups(batched: pa.Table) -> tuple[bytes, list[int]]:
    """Write batched photographs as Parquet with one row group a batch.

    Returns
    -------
    tuple of bytes and list of int
        The object, and the size of each batch.
    """
    sizes = np.bincount(batched["batch"].to_numpy()).tolist()
    output = io.BytesIO()
    with pq.ParquetWriter(output, batched.schema, compression="zstd") as writer:
        start = 0
        for size in sizes:
            writer.write_table(batched.slice(start, size), row_group_size=size)
            start += size
    return output.getvalue(), sizes
