"""Which rows of which batches a run works on, and how they are divided into tasks."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from job.storage.parquet import Damaged
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


DAMAGED: Final = "damaged array<struct<path: string, why: string>>"
"""Objects that a task could not use, beside what it made of the others: the last column of what tasks return."""

DAMAGED_FIELD: Final = pa.field("damaged", pa.list_(pa.struct([("path", pa.string()), ("why", pa.string())])))


class DamagedObjects(Exception):
    """Objects of the store are not what was written, or another run has taken them away.

    Parameters
    ----------
    damages
        Each object, and what shows the damage.
    """

    def __init__(self, damages: Iterable[Damaged]) -> None:
        self.damages = list(damages)
        super().__init__("; ".join(map(str, self.damages)))


@contextmanager
def noting(damaged: list[dict[str, str]], path: str) -> Iterator[None]:
    """Record that an object is damaged or gone, as an item of the column `DAMAGED`; the task goes on with others."""
    try:
        yield
    except Damaged as damage:
        damaged.append({"path": damage.path, "why": damage.why})
    except FileNotFoundError:
        damaged.append({"path": path, "why": "it is gone"})


def collected(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows of tasks if none has met damage.

    Raises
    ------
    DamagedObjects
        Of all tasks.
    """
    damaged = [Damaged(item.path, item.why) for row in rows for item in row.damaged]
    if damaged:
        raise DamagedObjects(damaged)
    return rows


def balance(selections: Sequence[Selection], groups: int) -> list[list[Selection]]:
    """Divide selections into groups of about the same number of rows: the largest first, each to the smallest group."""
    loads: list[tuple[int, int, list[Selection]]] = [(0, number, []) for number in range(min(groups, len(selections)))]
    for selection in sorted(selections, key=lambda selection: -selection.count):
        load, number, group = heapq.heappop(loads)
        group.append(selection)
        heapq.heappush(loads, (load + selection.count, number, group))
    return [group for _, _, group in sorted(loads, key=lambda item: item[1])]
