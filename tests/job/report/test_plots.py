import re

import numpy as np
import pytest
from numpy.typing import NDArray

from job.report.plots import BINS, components_for, throughput, throughput_plot, variance_plot


def seconds(*values: float) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def test_the_fewest_components_that_reach_a_share_are_named() -> None:
    explained = seconds(0.5, 0.25, 0.125, 0.0625)
    assert components_for(explained, 0.5) == 1
    assert components_for(explained, 0.75) == 2
    assert components_for(explained, 0.76) == 3
    assert components_for(explained, 0.99) is None


def test_the_chosen_number_of_components_is_marked_on_the_curve() -> None:
    plot = variance_plot(np.full(100, 0.01), 10)
    assert plot.mark is not None
    assert (plot.mark.figure, plot.mark.below) == ("10", "10.0% kept")
    assert (plot.mark.left, plot.mark.bottom) == pytest.approx((0.5, 0.1))  # half of two decades


def test_the_curve_of_a_single_component_can_be_drawn() -> None:
    assert "nan" not in repr(variance_plot(np.ones(1), 1))


def test_the_area_under_the_throughput_is_the_number_of_images() -> None:
    edges, rate = throughput(seconds(2, 2, 5.5), seconds(5, 9, 12), seconds(300, 100, 50))
    assert len(rate) == BINS
    assert edges[0] == 2
    assert edges[-1] == 12
    assert rate.sum() * (edges[1] - edges[0]) == pytest.approx(450)


def test_batches_of_several_slots_add_up() -> None:
    _, rate = throughput(seconds(0, 0), seconds(10, 10), seconds(100, 200))
    np.testing.assert_allclose(rate, 30.0)


@pytest.mark.parametrize("start", [0.0, 3.0, 10.0])
def test_a_batch_that_took_no_time_is_counted_once(start: float) -> None:
    edges, rate = throughput(seconds(0, start), seconds(10, start), seconds(0, 7))
    assert rate.sum() * (edges[1] - edges[0]) == pytest.approx(7)
    assert (rate > 1e-6).sum() == 1


def test_a_run_of_one_instant_can_be_drawn() -> None:
    assert "nan" not in repr(throughput_plot(seconds(4), seconds(4), seconds(7)))


def test_the_average_is_over_the_time_between_first_and_last_batch() -> None:
    _, average = throughput_plot(seconds(5, 10), seconds(10, 15), seconds(100, 300))
    assert average == pytest.approx(40)


def test_every_coordinate_lies_inside_the_plot() -> None:
    plot, _ = throughput_plot(seconds(0, 3, 4), seconds(9, 4, 30), seconds(9, 999, 50))
    numbers = [float(number) for line in plot.lines for number in re.findall(r"[\d.-]+", line.path)]
    assert numbers
    assert min(numbers) >= 0
    assert max(numbers) <= 1000
