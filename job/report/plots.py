"""The plots of the report, as the lines and labels that ``templates/plot.html`` draws."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 60
Point = tuple[float, float]
Tick = tuple[float, str]


class Line(NamedTuple):
    """One path of a plot: its CSS class, and its SVG data in a square of 1,000 by 1,000."""

    kind: str
    path: str


class Mark(NamedTuple):
    """A dot on the plot with a note beside it; places are 0 to 1, from the left and from below."""

    left: float
    bottom: float
    figure: str
    note: str
    below: str


@dataclass(frozen=True)
class Plot:
    """SVG that stretches with the page, under HTML labels that keep their size.

    Attributes
    ----------
    summary
        What it shows, for who cannot see it.
    lines
        From the lowest to the topmost.
    x_ticks, y_ticks
        Places, 0 to 1, and their labels.
    mark
        What is pointed out on it.
    """

    summary: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    mark: Mark | None = None


def components_for(explained: NDArray[np.float64], share: float) -> int | None:
    """Return the fewest components that keep `share` (0 to 1) of the variance, None if all do not."""
    reached = np.flatnonzero(np.cumsum(explained) >= share)
    return int(reached[0]) + 1 if len(reached) else None


def variance_plot(explained: NDArray[np.float64], chosen: int) -> Plot:
    """Draw the cumulative share of the variance over the number of components, with `chosen` marked.

    The axis of components is logarithmic: the first ten matter as much as the last thousand.
    """
    kept = np.minimum(np.cumsum(explained), 1.0)
    span = math.log(len(kept)) or 1.0
    shown = np.unique(np.geomspace(1, len(kept), 300).round().astype(int))
    curve = [(math.log(count) / span, float(kept[count - 1])) for count in shown]
    position, share = math.log(chosen) / span, float(kept[chosen - 1])
    decades = [10**power for power in range(int(math.log10(len(kept))) + 1)]
    # The end of the axis is labelled too, so a decade that would touch that label is not.
    ticks = [decade for decade in decades if math.log(decade) / span < 0.85 or decade == 1]
    return Plot(
        f"Cumulative variance: {chosen:,} of {len(kept):,} components keep {share:.1%}.",
        [
            Line("area", f"{_path([(0.0, 0.0), *curve, (1.0, 0.0)])}Z"),
            Line("line", _path(curve)),
            Line("mark", _path([(position, 0.0), (position, 1.0)])),
            Line("guide", ""),
        ],
        x_ticks=[(math.log(tick) / span, f"{tick:,}") for tick in dict.fromkeys([*ticks, len(kept)])],
        y_ticks=[(tick / 5, f"{tick * 20}%") for tick in range(6)],
        mark=Mark(position, share, f"{chosen:,}", "chosen", f"{share:.1%} kept"),
    )


def throughput(
    start: NDArray[np.float64], end: NDArray[np.float64], images: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread the images of every batch evenly over its time and count them in `BINS` equal slices.

    Parameters
    ----------
    start, end : ndarray, shape (b,), seconds
        Batches may overlap: several slots work at once. One that took no time falls into a single slice.
    images : ndarray, shape (b,)

    Returns
    -------
    edges : ndarray, shape (BINS + 1,), seconds
    rate : ndarray, shape (BINS,), images per second
    """
    edges = np.linspace(start.min(), max(end.max(), start.min() + 1e-3), BINS + 1)
    width = edges[1] - edges[0]
    length = np.maximum(end - start, width * 1e-6)
    begin = np.minimum(start, edges[-1] - length)
    done = np.clip((edges[:, None] - begin) / length, 0.0, 1.0) @ images
    return edges, np.diff(done) / width


def throughput_plot(
    start: NDArray[np.float64], end: NDArray[np.float64], images: NDArray[np.float64]
) -> tuple[Plot, float]:
    """Draw images per second over the seconds since the run's start; return the average, too."""
    edges, rate = throughput(start, end, images)
    average = float(images.sum() / (edges[-1] - edges[0]))
    right, top = _ceiling(float(edges[-1])), _ceiling(float(rate.max()))
    steps = [
        (float(edge) / right, float(value) / top)
        for left, value in enumerate(rate)
        for edge, value in ((edges[left], value), (edges[left + 1], value))
    ]
    first, last = float(edges[0]) / right, float(edges[-1]) / right
    plot = Plot(
        f"Throughput: {average:,.0f} images per second on average, {rate.max():,.0f} at most.",
        [
            Line("area", f"{_path([(first, 0.0), *steps, (last, 0.0)])}Z"),
            Line("line", _path(steps)),
            Line("mark", _path([(first, average / top), (last, average / top)])),
        ],
        x_ticks=[(tick / 4, f"{right * tick / 4:,.4g} s") for tick in range(5)],
        y_ticks=[(tick / 4, f"{top * tick / 4:,.4g}") for tick in range(5)],
    )
    return plot, average


def _ceiling(value: float) -> float:
    """Return the smallest of 1, 2, 4, 6, 8 times a power of ten that `value` does not exceed."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * power for step in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if value <= step * power * (1 + 1e-9))


def _path(points: Iterable[Point]) -> str:
    """Return an SVG path over points in the unit square, y upwards."""
    return "M" + "L".join(f"{x * 1000:.1f} {(1 - y) * 1000:.1f}" for x, y in points)
