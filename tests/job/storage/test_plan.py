"""Dividing work into tasks, of a size that is right for any number of slots."""

import heapq
import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job.storage.plan import MOST_GROUPS, ROWS_IN_GROUP, group_count, write_plan
from job.storage.tasks import LARGEST_TASK, SMALLEST_TASK, task_sizes

PHOTOGRAPHS_A_SECOND = 107
"""Of one slot of a cluster (docs/cost.md)."""

TASK_SECONDS = 0.1
"""To start a task, to read its part of the plan and to wait for its first photograph."""


def makespan(sizes: Sequence[int], slots: int, *, slow: int = 0) -> float:
    """Return the seconds until all tasks are done; each free slot takes the next, some work at a quarter speed."""
    free = [(0.0, slot) for slot in range(slots)]
    for size in sizes:
        now, slot = heapq.heappop(free)
        seconds = TASK_SECONDS + size / PHOTOGRAPHS_A_SECOND
        heapq.heappush(free, (now + seconds * (4 if slot < slow else 1), slot))
    return max(now for now, _ in free)


@pytest.mark.parametrize("photographs", [0, 1, 95, 96, 97, 1000, 10_500, 87_000, 1_000_000])
def test_sizes_sum_to_all_photographs_within_their_bounds(photographs: int) -> None:
    sizes = list(task_sizes(photographs))
    assert sum(sizes) == photographs
    assert all(SMALLEST_TASK <= size <= LARGEST_TASK for size in sizes[:-1])
    assert not sizes or 1 <= sizes[-1] <= LARGEST_TASK
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("slots", [4, 16, 64, 128])
@pytest.mark.parametrize("photographs", [10_500, 67_692, 500_000])
def test_all_slots_finish_within_seconds_of_each_other(photographs: int, slots: int) -> None:
    ideal = photographs / PHOTOGRAPHS_A_SECOND / slots
    assert makespan(list(task_sizes(photographs)), slots) < 1.07 * ideal + 2


@pytest.mark.parametrize("slots", [16, 64, 128])
@pytest.mark.parametrize("photographs", [10_500, 67_692, 500_000])
def test_a_slot_of_a_quarter_speed_delays_the_end_by_no_more_than_one_task(photographs: int, slots: int) -> None:
    ideal = photographs / PHOTOGRAPHS_A_SECOND / (slots - 0.75)
    one_task = 4 * (TASK_SECONDS + next(task_sizes(photographs)) / PHOTOGRAPHS_A_SECOND)
    assert makespan(list(task_sizes(photographs)), slots, slow=1) < 1.07 * ideal + one_task


def test_slots_that_come_late_find_work() -> None:
    sizes = list(task_sizes(67_692))
    begun = int(np.searchsorted(np.cumsum(sizes), 67_692 // 4))
    assert len(sizes) - begun > 2 * 64


def test_each_task_is_a_row_group_of_its_own_in_the_order_of_the_listing() -> None:
    pending = pa.table({"path": [f"{number:04}.jpg" for number in range(1000)]})
    listed = pa.concat_tables([pa.table({"path": ["done.jpg"]}), pending])
    content, tasks = write_plan(listed, np.arange(1, 1001))
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.num_row_groups == tasks == len(list(task_sizes(1000))) > 2
    assert [file.metadata.row_group(task).num_rows for task in range(tasks)] == list(task_sizes(1000))
    assert pa.concat_tables(file.read_row_group(task) for task in range(tasks))["path"] == pending["path"]


@pytest.mark.parametrize(
    ("rows", "groups"),
    [(0, 1), (1, 1), (ROWS_IN_GROUP, 1), (ROWS_IN_GROUP + 1, 2), (67_692, 34), (10_000_000, MOST_GROUPS)],
)
def test_features_are_shared_out_by_their_number_alone(rows: int, groups: int) -> None:
    assert group_count(rows) == groups
