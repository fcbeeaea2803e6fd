"""Which rows of which batches a run works on, and how they are divided into tasks."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from job.storage.store import ResultStore


@dataclass(frozen=True)
class Selection:
    """Some rows of one object of the store.

    Parameters
    ----------
    path
        Below the output.
    rows
        Row numbers, ascending; None stands for all.
    count
        How many rows these are.
    """

    path: str
    rows: list[int] | None
    count: int

    @classmethod
    def from_batches(cls, record_batches: Iterable[pa.RecordBatch]) -> Iterator["Selection"]:
        """Read the selections of a task, in the column of `SELECTIONS`."""
        for record_batch in record_batches:
            for group in record_batch["selections"].to_pylist():
                yield from (cls(**selection) for selection in group)

    def read(self, store: ResultStore, columns: Sequence[str] | None = None) -> pa.Table:
        """Read columns of the rows."""
        table = store.read_batch(self.path, columns)
        return table if self.rows is None else table.take(pa.array(self.rows, pa.int64()))


SELECTIONS: Final = "selections array<struct<path: string, rows: array<int>, count: int>>"
"""Groups of `Selection` as a DataFrame: one row, and so one task, a group."""


def balance(selections: Sequence[Selection], groups: int) -> list[list[Selection]]:
    """Divide selections into groups of about the same number of rows: the largest first, each to the smallest group."""
    loads: list[tuple[int, int, list[Selection]]] = [(0, number, []) for number in range(min(groups, len(selections)))]
    for selection in sorted(selections, key=lambda selection: -selection.count):
        load, number, group = heapq.heappop(loads)
        group.append(selection)
        heapq.heappush(loads, (load + selection.count, number, group))
    return [group for _, _, group in sorted(loads, key=lambda item: item[1])]
