"""Moments of features in exact integer arithmetic: they merge in any order and are never rounded.

Not those of a library: Spark's and scikit-learn's are sums in floating point, which depend on the order (decision 2).
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from job.features.backbone import FEATURES
from job.features.engines import GRID
from job.frames import ArrowFunction
from job.storage.locations import Location
from job.storage.selections import DAMAGED, DAMAGED_FIELD, Selection, collected, noting
from job.storage.store import ResultStore
from job.storage.tables import feature_matrix

LARGEST_FEATURE: Final = 8.0
"""Features lie in [0, 6] by their ReLU6; the bound below is for the next power of two."""

_BLOCK: Final = 2048
"""Rows summed in float64 at a time: products of two features are below 2**38 units, so 2**15 rows would be exact."""


@dataclass(frozen=True)
class Moments:
    """Count, sums and sums of products of features, in exact integer arithmetic.

    Parameters
    ----------
    count
        Number of rows, n.
    totals
        (d,) int64: the sum of the rows, in units of `GRID`.
    products
        (d, d) int64: the sum of the rows' outer products, in units of ``GRID**2``, modulo 2**64.

    Notes
    -----
    Features are multiples of `GRID`, so nothing is ever rounded: addition is associative, and the components do not
    depend on how many nodes computed them, on retries, or on the order in which photographs came. Sums that wrap
    around 2**64 come right again when they are centred, as long as the centred products fit: 2**63 grid units hold
    33 million photographs of the largest variance the features can have.
    """

    count: int
    totals: NDArray[np.int64]
    products: NDArray[np.int64]

    @classmethod
    def empty(cls, dimension: int) -> Self:
        """Return the moments of no rows."""
        return cls(0, np.zeros(dimension, np.int64), np.zeros((dimension, dimension), np.int64))

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> Self:
        """Sum (n, d) features.

        Raises
        ------
        ValueError
            If a feature is no multiple of `GRID`, or not below `LARGEST_FEATURE` in size.
        """
        moments = cls.empty(features.shape[1])
        for start in range(0, len(features), _BLOCK):
            units = features[start : start + _BLOCK].astype(np.float64) / GRID
            if not (np.rint(units) == units).all() or np.abs(units).max() >= LARGEST_FEATURE / GRID:
                raise ValueError(
                    f"features must be multiples of {GRID} below {LARGEST_FEATURE}; round them with to_grid"
                )
            block = cls(len(units), units.sum(axis=0).astype(np.int64), (units.T @ units).astype(np.int64))
            moments += block
        return moments

    def __add__(self, other: Self) -> Self:
        return type(self)(self.count + other.count, self.totals + other.totals, self.products + other.products)

    def covariance(self) -> NDArray[np.float64]:
        """Return the (d, d) sample covariance, free of cancellation.

        The products are centred on a grid point next to the mean in integer arithmetic; what is left to subtract in
        float64 is less than a quarter of a grid unit squared a row.
        """
        centre = np.floor_divide(self.totals, self.count)
        rest = self.totals - self.count * centre
        cross = np.multiply.outer(centre, self.totals)
        centred = self.products - cross - cross.T + self.count * np.multiply.outer(centre, centre)
        scatter = centred.astype(np.float64) - np.multiply.outer(rest, rest / self.count)
        return np.asarray(scatter * (GRID * GRID / (self.count - 1)))

    def mean(self) -> NDArray[np.float64]:
        """Return the (d,) mean."""
        return np.asarray(self.totals * (GRID / self.count))

    def to_bytes(self) -> tuple[int, bytes, bytes]:
        """Pack into count, totals and the upper triangle of the products."""
        upper = self.products[np.triu_indices(len(self.totals))]
        return self.count, self.totals.tobytes(), upper.tobytes()

    @classmethod
    def from_bytes(cls, count: int, totals: bytes, upper: bytes) -> Self:
        """Unpack what `to_bytes` packed."""
        sums = np.frombuffer(totals, np.int64)
        products = np.zeros((len(sums), len(sums)), np.int64)
        rows, columns = np.triu_indices(len(sums))
        products[rows, columns] = np.frombuffer(upper, np.int64)
        products[columns, rows] = products[rows, columns]
        return cls(count, sums, products)


MOMENTS: Final = f"count long, totals binary, products binary, {DAMAGED}"
"""One row a task: `Moments.to_bytes`, and the batches that could not be summed."""

_MOMENTS_SCHEMA: Final = pa.schema(
    [("count", pa.int64()), ("totals", pa.binary()), ("products", pa.binary()), DAMAGED_FIELD]
)
_MERGED_AT_ONCE: Final = 8


def moments_of(selections: DataFrame, *, output: Location, tasks: int) -> DataFrame:
    """Sum the moments of the selected rows of the features store.

    Parameters
    ----------
    selections
        `job.storage.selections.SELECTIONS`: files below the output and the rows of each.
    output
        Where the features are.
    tasks
        How many rows, and so tasks, `selections` has.

    Returns
    -------
    DataFrame
        `MOMENTS`: few rows, however many the tasks; `collect_moments` adds them.
    """
    summed = selections.select("selections").mapInArrow(_summer(output), MOMENTS)
    if tasks > _MERGED_AT_ONCE:
        summed = summed.repartition(math.isqrt(tasks)).mapInArrow(_merge, MOMENTS)
    return summed.select("count", "totals", "products", "damaged")


def collect_moments(moments: DataFrame) -> Moments:
    """Add the rows of `MOMENTS` on the driver.

    Raises
    ------
    DamagedObjects
        If batches could not be summed.
    """
    rows = collected(moments.collect())
    return _add(Moments.from_bytes(row["count"], row.totals, row.products) for row in rows)


def _summer(output: Location) -> ArrowFunction:
    def sum_up(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = ResultStore(output)
        moments = Moments.empty(FEATURES)
        waiting: list[NDArray[np.float32]] = []
        damaged: list[dict[str, str]] = []
        for selection in Selection.from_batches(record_batches):
            with noting(damaged, selection.path):
                waiting.append(feature_matrix(selection.read(store, ["feature"])))
            if sum(map(len, waiting)) >= _BLOCK:
                moments += Moments.of(np.concatenate(waiting))
                waiting.clear()
        if waiting:
            moments += Moments.of(np.concatenate(waiting))
        yield _row(moments, damaged)

    return sum_up


def _merge(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = [row for record_batch in record_batches for row in record_batch.to_pylist()]
    damaged = [item for row in rows for item in row["damaged"]]
    yield _row(_add(Moments.from_bytes(row["count"], row["totals"], row["products"]) for row in rows), damaged)


def _add(moments: Iterable[Moments]) -> Moments:
    total = Moments.empty(FEATURES)
    for part in moments:
        total += part
    return total


def _row(moments: Moments, damaged: list[dict[str, str]]) -> pa.RecordBatch:
    count, totals, products = moments.to_bytes()
    row = {"count": count, "totals": totals, "products": products, "damaged": damaged}
    return pa.RecordBatch.from_pylist([row], schema=_MOMENTS_SCHEMA)
