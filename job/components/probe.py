"""Linear probe: how well a straight-line classifier reads the labels from the projections.

A probe that is linear and fitted in closed form measures the representation, not the skill of a
classifier. Both sides stream: fitting needs only sums that add up over batches, scoring only counts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# A component whose spread is below this share of its mean, or of the widest spread, is rounding noise:
# standardising it would blow that noise up to the size of a signal.
NEGLIGIBLE_SPREAD = 1e-10


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe; its answer is the label with the largest linear score.

    Attributes
    ----------
    labels : tuple of str
        The c labels seen in training, sorted.
    weights : ndarray, shape (k, c)
        Applied to the projections as they are: the standardisation is folded in.
    bias : ndarray, shape (c,)
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def predict(self, projections: NDArray[np.floating]) -> list[str]:
        """Return one label per row of `projections`, shape (n, k)."""
        scores = _finite(projections, self.weights.shape[0]) @ self.weights + self.bias
        return [self.labels[best] for best in np.argmax(scores, axis=1)]


@dataclass
class ProbeStatistics:
    """Everything the fit needs to know of the training photographs, in O(k² + ck) numbers.

    Batches are combined by the pairwise update of Chan, Golub and LeVeque (1979): no difference of large
    sums, so the result does not depend on how the photographs were cut into batches, up to rounding.

    Attributes
    ----------
    components : int
        Length k of a projection.
    counts : dict of str to int
        Photographs per label.
    sums : dict of str to ndarray, shape (k,)
        Sum of the projections per label.
    scatter : ndarray, shape (k, k)
        Sum of (x - mean)(x - mean)' over all photographs.
    """

    components: int
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    scatter: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.scatter = np.zeros((self.components, self.components))

    @property
    def count(self) -> int:
        """Photographs added so far."""
        return sum(self.counts.values())

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean projection, shape (k,); zeros when nothing was added."""
        total = np.zeros(self.components)
        for label in sorted(self.sums):
            total += self.sums[label]
        return total / max(self.count, 1)

    def add(self, projections: NDArray[np.floating], labels: Sequence[str] | NDArray[np.str_]) -> None:
        """Add a batch: `projections` of shape (n, k) and their n labels.

        Raises
        ------
        ValueError
            When the lengths differ, a row is not k long, or a value is not finite.
        """
        rows = _finite(projections, self.components)
        _same_length(rows, labels)
        if not len(rows):
            return
        batch = ProbeStatistics(self.components)
        names, member = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
        sums = np.eye(len(names))[member].T @ rows
        for position, count in enumerate(np.bincount(member)):
            batch.counts[str(names[position])] = int(count)
            batch.sums[str(names[position])] = sums[position]
        centred = rows - rows.mean(axis=0)
        batch.scatter = centred.T @ centred
        self.merge(batch)

    def merge(self, other: "ProbeStatistics") -> None:
        """Add what `other` has seen to this one.

        Raises
        ------
        ValueError
            When the two describe projections of different lengths.
        """
        if other.components != self.components:
            raise ValueError(
                f"cannot merge statistics of {other.components} components into statistics of "
                f"{self.components}: project both with the same PCA"
            )
        if not other.count:
            return
        shift = other.mean - self.mean
        weight = self.count * other.count / (self.count + other.count)
        self.scatter = self.scatter + other.scatter + weight * np.outer(shift, shift)
        for label, count in other.counts.items():
            self.counts[label] = self.counts.get(label, 0) + count
            self.sums[label] = self.sums.get(label, np.zeros(self.components)) + other.sums[label]

    def solve(self, *, ridge: float = 1.0) -> LinearProbe:
        """Fit by ridge regression of one-hot targets on standardised inputs.

        The weights are (Z'Z + ridge I)⁻¹ Z'Y, with Z the standardised projections and Y the centred one-hot
        targets (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, equation 3.44); the
        bias is not penalised.

        Parameters
        ----------
        ridge : float
            Penalty, in photographs: 1.0 weighs as much as one photograph at one standard deviation.

        Raises
        ------
        ValueError
            When fewer than two labels were added, or `ridge` is not positive.
        """
        if not 0 < ridge < np.inf:
            raise ValueError(f"ridge is {ridge}: it must be a positive number, for instance 1.0")
        labels = tuple(sorted(self.counts))
        if len(labels) < 2:
            raise ValueError(
                f"a probe needs training photographs of at least two labels, and was given {len(labels)} "
                f"({', '.join(labels) or 'none'}): add photographs of another label"
            )
        count, mean = self.count, self.mean
        spread = np.sqrt(np.diag(self.scatter) / count)
        usable = spread > NEGLIGIBLE_SPREAD * np.maximum(np.abs(mean), spread.max(initial=0.0))
        scale = np.where(usable, 1 / np.where(usable, spread, 1.0), 0.0)
        frequencies = np.array([self.counts[label] for label in labels], dtype=np.float64)
        cross = np.stack([self.sums[label] for label in labels], axis=1) - np.outer(mean, frequencies)
        gram = scale[:, None] * self.scatter * scale + ridge * np.eye(self.components)
        weights = scale[:, None] * np.linalg.solve(gram, scale[:, None] * cross)
        return LinearProbe(labels, weights, frequencies / count - mean @ weights)


@dataclass(frozen=True)
class ProbeScore:
    """What a probe answered on photographs that it was not fitted on.

    Attributes
    ----------
    outcomes : mapping of (true label, predicted label) to count
    unseen : frozenset of str
        Labels that no training photograph had: the probe cannot answer them, so they count as wrong.
    """

    outcomes: Mapping[tuple[str, str], int]
    unseen: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        """Photographs scored."""
        return sum(self.outcomes.values())

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1; NaN when nothing was scored."""
        right = sum(count for (true, predicted), count in self.outcomes.items() if true == predicted)
        return right / self.total if self.total else float("nan")

    @property
    def per_label(self) -> dict[str, tuple[int, int]]:
        """Label to (right answers, photographs), sorted by label."""
        totals, right = Counter[str](), Counter[str]()
        for (true, predicted), count in self.outcomes.items():
            totals[true] += count
            right[true] += count if true == predicted else 0
        return {label: (right[label], totals[label]) for label in sorted(totals)}

    @property
    def confusions(self) -> list[tuple[str, str, int]]:
        """Wrong answers as (true, predicted, count), most frequent first, then by label."""
        wrong = [(true, answer, count) for (true, answer), count in self.outcomes.items() if true != answer]
        return sorted(wrong, key=lambda confusion: (-confusion[2], confusion[0], confusion[1]))

    def merge(self, other: "ProbeScore") -> "ProbeScore":
        """Return the score over the photographs of both."""
        return ProbeScore(Counter(self.outcomes) + Counter(other.outcomes), self.unseen | other.unseen)


def score_probe(
    probe: LinearProbe, projections: NDArray[np.floating], labels: Sequence[str] | NDArray[np.str_]
) -> ProbeScore:
    """Score `probe` on a batch of shape (n, k) with its n true labels; `ProbeScore.merge` adds batches up.

    Raises
    ------
    ValueError
        When the lengths differ, a row is not k long, or a value is not finite.
    """
    answers = probe.predict(projections)
    _same_length(answers, labels)
    truth = [str(label) for label in labels]
    return ProbeScore(Counter(zip(truth, answers, strict=True)), frozenset(truth).difference(probe.labels))


def _finite(projections: NDArray[np.floating], components: int) -> NDArray[np.float64]:
    """Return `projections` as float64 after checking that it is a finite (n, components) matrix."""
    rows = np.asarray(projections, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != components:
        raise ValueError(f"projections have shape {rows.shape}: expected (n, {components}), as fitted")
    if not np.isfinite(rows).all():
        first = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ValueError(f"row {first} of the projections is not finite: its photograph belongs in quarantine")
    return rows


def _same_length(rows: Sequence[object] | NDArray[np.float64], labels: Sequence[str] | NDArray[np.str_]) -> None:
    if len(rows) != len(labels):
        raise ValueError(f"{len(rows)} projections came with {len(labels)} labels: every row needs one label")
