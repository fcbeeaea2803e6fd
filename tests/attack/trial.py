"""What a trial counts, and the clock and scales that it counts with."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

_EXAMPLES = 5


@dataclass
class Score:
    """How a trial went.

    Parameters
    ----------
    tried
        How many times something was done to the product.
    lost
        How often what should have been there in the end, or accounted for, was not.
    wrong
        How often it gave something else than it should have, without a word.
    beyond
        How often it took more time or memory than is allowed.
    examples
        Of what was lost, wrong or beyond: enough to try it again.
    """

    tried: int = 0
    lost: int = 0
    wrong: int = 0
    beyond: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether something was tried, and nothing went wrong."""
        return self.tried > 0 and not (self.lost or self.wrong or self.beyond)

    def note(self, example: str, *, lost: bool = False, wrong: bool = False, beyond: bool = False) -> None:
        """Count one that went wrong."""
        self.lost += lost
        self.wrong += wrong
        self.beyond += beyond
        if (lost or wrong or beyond) and len(self.examples) < _EXAMPLES:
            self.examples.append(example)


Trial = Callable[[np.random.Generator, int, Path], Score]
"""Tries something so many times, by the chances of a generator, in a folder of its own."""


@dataclass
class Use:
    """Seconds of processor time of this process, and the most memory of one of its children in bytes."""

    seconds: float = 0
    child_bytes: int = 0


@contextmanager
def measured() -> Iterator[Use]:
    """Measure what the block uses; a child's peak is over its whole life."""
    use, started = Use(), time.process_time()
    yield use
    use.seconds = time.process_time() - started
    use.child_bytes = max((_peak(child.pid) for child in psutil.Process().children()), default=0)


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # ended, or not Linux
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
