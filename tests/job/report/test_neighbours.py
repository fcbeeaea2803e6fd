import numpy as np
import pytest

from job.report.neighbours import (
    NEIGHBOURS,
    Neighbours,
    clear_case,
    cosine_neighbours,
    euclidean_neighbours,
    instructive_mistake,
)


def test_neighbours_agree_with_comparing_every_pair() -> None:
    rows = np.random.default_rng(1).standard_normal((40, 6))
    for found, distance in (
        (euclidean_neighbours(rows), lambda a, b: np.linalg.norm(a - b)),
        (cosine_neighbours(rows), lambda a, b: 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
    ):
        for row in range(40):
            pairs = sorted((distance(rows[row], rows[other]), other) for other in range(40) if other != row)
            assert found.index[row].tolist() == [other for _, other in pairs[:NEIGHBOURS]]
            np.testing.assert_allclose(found.distance[row], [d for d, _ in pairs[:NEIGHBOURS]], atol=1e-5)


def test_cosine_looks_at_the_direction_and_euclidean_at_the_place() -> None:
    rows = np.array([[1.0, 0.0], [9.0, 0.1], [1.0, 0.9]])
    assert cosine_neighbours(rows).index[0, 0] == 1
    assert euclidean_neighbours(rows).index[0, 0] == 2


def test_rounding_noise_does_not_order_what_is_equally_near() -> None:
    generator = np.random.default_rng(2)
    direction = generator.standard_normal((1, 50))
    first = [[other for other in range(40) if other != row][:NEIGHBOURS] for row in range(40)]
    alike = generator.uniform(1, 100, (40, 1)) * direction
    assert cosine_neighbours(alike).index.tolist() == first
    same = np.repeat(direction, 40, axis=0)
    assert euclidean_neighbours(same).index.tolist() == first


def test_a_projection_of_length_zero_is_far_from_all_by_cosine() -> None:
    found = cosine_neighbours(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert found.distance[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_rows_have_no_neighbours(rows: int) -> None:
    assert euclidean_neighbours(np.ones((rows, 3))).index.shape == (rows, 0)


def test_the_clear_case_has_only_neighbours_of_its_label_and_the_most_distant_ones() -> None:
    labels = np.array(["fig", "fig", "fig", "kiwi", "kiwi"])
    found = Neighbours(
        np.array([[1, 2], [0, 2], [1, 3], [4, 2], [3, 2]]),
        np.array([[0.1, 0.2], [0.1, 0.4], [0.4, 0.9], [0.3, 9.0], [0.3, 9.0]]),
    )
    assert clear_case(found, labels) == 1
    assert clear_case(found, np.array(["a", "b", "c", "d", "e"])) is None


def test_the_instructive_mistake_has_a_wrong_nearest_neighbour_and_evenly_split_others() -> None:
    labels = np.array(["fig", "fig", "kiwi", "kiwi", "kiwi"])
    found = Neighbours(
        np.array([[2, 3], [2, 0], [1, 3], [2, 4], [3, 2]]),
        np.array([[0.1, 0.2], [0.4, 0.5], [0.3, 0.9], [0.3, 0.4], [0.3, 0.4]]),
    )
    assert instructive_mistake(found, labels) == 2
    assert instructive_mistake(found, np.array(["fig"] * 5)) is None
