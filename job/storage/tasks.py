"""How many photographs a task gets; with the standard library alone, so that a price can count tasks, too.

Why: docs/decisions/0161-a-plan-for-any-number-of-slots.md.
"""

from collections.abc import Iterator
from itertools import repeat
from typing import Final

LARGEST_TASK: Final = 512
"""One commit; at 100 photographs a second it is five seconds of work, to which starting a task adds some percent."""

SMALLEST_TASK: Final = 96
"""Of less, starting the task would be too large a share."""

_SHARE: Final = 96


def task_sizes(photographs: int) -> Iterator[int]:
    """Yield the sizes of tasks: larger at first, small at the end, so that all slots finish together.

    Guided self-scheduling (Polychronopoulos and Kuck 1987, doi:10.1109/TC.1987.5009495) takes a share of what remains
    that depends on the number of slots; here it is fixed, between two bounds.

    Parameters
    ----------
    photographs
        How many there are.

    Yields
    ------
    int
        Sizes that sum to `photographs`.
    """
    for size, tasks in sizes_in_a_row(photographs):
        yield from repeat(size, tasks)


def sizes_in_a_row(photographs: int) -> Iterator[tuple[int, int]]:
    """Yield the same sizes, each with how many tasks in a row have it: few, however many photographs there are.

    Examples
    --------
    >>> next(sizes_in_a_row(100_000_000)), sum(1 for _ in sizes_in_a_row(100_000_000))
    ((512, 195217), 257)
    """
    largest = max(0, (photographs - LARGEST_TASK * _SHARE) // LARGEST_TASK + 1)
    if largest:
        yield LARGEST_TASK, largest
    photographs -= largest * LARGEST_TASK
    while photographs > 0:
        size = min(photographs, max(SMALLEST_TASK, photographs // _SHARE))
        yield size, 1
        photographs -= size
