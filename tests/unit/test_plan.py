"""Dividing pending photographs into tasks."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job.plan import LARGEST_TASK, SMALLEST_TASK, task_sizes, write_plan


@pytest.mark.parametrize("photographs", [0, 1, 63, 64, 65, 1000, 10_500, 87_000, 1_000_000])
@pytest.mark.parametrize("slots", [1, 2, 16, 500])
def test_sizes_sum_to_all_photographs_within_their_bounds(photographs: int, slots: int) -> None:
    sizes = list(task_sizes(photographs, slots))
    assert sum(sizes) == photographs
    assert all(SMALLEST_TASK <= size <= LARGEST_TASK for size in sizes[:-1])
    assert not sizes or 1 <= sizes[-1] <= LARGEST_TASK
    assert sizes == sorted(sizes, reverse=True)


def test_a_task_is_half_of_a_slots_share_of_what_remains() -> None:
    assert list(task_sizes(1000, 2))[:3] == [250, 187, 140]


@pytest.mark.parametrize("slots", [2, 16])
def test_the_last_tasks_are_small_so_that_all_slots_finish_together(slots: int) -> None:
    assert list(task_sizes(87_000, slots))[-2 * slots : -1] == [SMALLEST_TASK] * (2 * slots - 1)


def test_each_task_is_a_row_group_of_its_own_in_the_order_of_the_listing() -> None:
    pending = pa.table({"path": [f"{number:04}.jpg" for number in range(1000)]})
    listed = pa.concat_tables([pa.table({"path": ["done.jpg"]}), pending])
    content, tasks = write_plan(listed, np.arange(1, 1001), 2)
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.num_row_groups == tasks == len(list(task_sizes(1000, 2)))
    assert [file.metadata.row_group(task).num_rows for task in range(tasks)] == list(task_sizes(1000, 2))
    assert pa.concat_tables(file.read_row_group(task) for task in range(tasks))["path"] == pending["path"]
