"""The photographs that are points of the report's map."""

import numpy as np
import pyarrow as pa
import pytest

from job.components.points import POINTS_SCHEMA, packed, points_of, unpacked


def table(count: int) -> pa.Table:
    rows = range(count)
    return pa.table(
        {"uri": [f"s3://bucket/{row}.jpg" for row in rows], "label": ["fig"] * count, "split": ["train"] * count}
    )


@pytest.mark.parametrize("components", [1, 2, 3, 9])
def test_a_place_is_at_most_three_components(components: int) -> None:
    scores = np.arange(4 * components, dtype=np.float32).reshape(4, components)
    points = points_of(table(4), scores, 1.0)
    assert points.schema == POINTS_SCHEMA
    assert points["place"].to_pylist() == scores[:, :3].tolist()


def test_a_share_is_about_as_many_and_the_same_in_whatever_batches() -> None:
    scores = np.random.default_rng(0).standard_normal((10_000, 3)).astype(np.float32)
    whole = points_of(table(10_000), scores, 0.25)
    halves = [points_of(table(10_000).slice(first, 5_000), scores[first : first + 5_000], 0.25) for first in (0, 5_000)]
    assert 2_300 < whole.num_rows < 2_700
    assert pa.concat_tables(halves).equals(whole)


def test_no_share_is_no_point() -> None:
    assert points_of(table(9), np.ones((9, 3), dtype=np.float32), 0.0).num_rows == 0


def test_tasks_with_and_without_points_are_read_as_one_table() -> None:
    some = points_of(table(2), np.ones((2, 3), dtype=np.float32), 1.0)
    assert unpacked([packed([some, some]), packed([]), packed([some])]).equals(pa.concat_tables([some, some, some]))
