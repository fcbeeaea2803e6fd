"""Nearest neighbours in the space of the projections, for a sample small enough to compare all pairs."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 8


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest rows of every row, nearest first.

    Attributes
    ----------
    index : ndarray, shape (n, min(8, n - 1))
    distance : ndarray, same shape
        In the unit of the metric.
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float64]

    def same_label(self, labels: NDArray[np.str_]) -> NDArray[np.bool_]:
        """Return, in the shape of `index`, whether a neighbour carries the label of its row."""
        return np.asarray(labels[self.index] == labels[:, None], dtype=np.bool_)


def cosine_neighbours(projections: NDArray[np.float64]) -> Neighbours:
    """Neighbours by 1 - cosine, in 0 to 2; a projection of length zero is at distance 1 from every other."""
    length = np.linalg.norm(projections, axis=1, keepdims=True)
    unit = np.divide(projections, length, out=np.zeros_like(projections), where=length > 0)
    return _nearest(np.clip(1 - unit @ unit.T, 0, 2), magnitude=1.0)


def euclidean_neighbours(projections: NDArray[np.float64]) -> Neighbours:
    """Neighbours by Euclidean distance, in the unit of the projections."""
    square = np.einsum("nk,nk->n", projections, projections)
    squared_distance = square[:, None] + square - 2 * projections @ projections.T
    return _nearest(np.sqrt(np.clip(squared_distance, 0, None)), magnitude=math.sqrt(square.max(initial=0.0)))


def _nearest(distance: NDArray[np.float64], *, magnitude: float) -> Neighbours:
    # Distances of float64 products are noise below 1e-7 of the factors. Rounding makes ties of what differs by
    # noise only; the stable sort then orders them by row.
    distance = np.round(distance, 6 - math.ceil(math.log10(magnitude or 1.0)))
    np.fill_diagonal(distance, np.inf)
    index = np.argsort(distance, axis=1, kind="stable")[:, : min(NEIGHBOURS, max(len(distance) - 1, 0))]
    return Neighbours(index, np.take_along_axis(distance, index, axis=1))


def clear_case(neighbours: Neighbours, labels: NDArray[np.str_]) -> int | None:
    """Return a row all of whose neighbours carry its label, the one with the most distant neighbours.

    Distant neighbours of the same label show more than eight frames of one recording would.
    """
    agree = neighbours.same_label(labels).all(axis=1)
    reach = np.where(agree, neighbours.distance.mean(axis=1), -np.inf)
    return int(np.argmax(reach)) if agree.any() else None


def instructive_mistake(neighbours: Neighbours, labels: NDArray[np.str_]) -> int | None:
    """Return a row whose nearest neighbour carries another label, though others carry its own.

    Among these the one whose neighbours are split most evenly, then the one with the nearest wrong neighbour:
    it shows two labels that are hard to tell apart rather than one picture that is odd.
    """
    same = neighbours.same_label(labels)
    wrong = np.flatnonzero(~same[:, 0])
    if not len(wrong):
        return None
    uneven = np.abs(same[wrong].sum(axis=1) - same.shape[1] / 2)
    return int(wrong[np.lexsort((neighbours.distance[wrong, 0], uneven))[0]])
