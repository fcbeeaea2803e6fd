"""Whether a run goes on: photographs done, by what is on S3, and how long nothing may change."""

import re
import time
from collections.abc import Callable
from typing import Final

from rehearsal.scenario.folders import Folder

_BATCH: Final = re.compile(r"(?:features|quarantine)/model=[0-9a-f]+/[0-9a-f]+-(\d+)\.parquet")
_TELLING: Final = re.compile(r"\b(?:WARN|ERROR|FATAL|error|Exception)\b")


class Patience:
    """Waits for something to change, for so long and no longer.

    Parameters
    ----------
    seconds
        How long it may stay the same.
    clock
        Gives the seconds since any moment.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._seen = ""
        self._since = clock()

    def is_over(self, seen: str) -> bool:
        """Return whether what is seen has been the same for too long."""
        now = self._clock()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since >= self.seconds


def telling_line(log: str) -> str:
    """Return the last line of a log that warns of something, or else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return (telling or lines or ["nothing"])[-1]


def photographs_done(output: Folder, before: int) -> Callable[[], int]:
    """Count what the store has more than before, by the names of its batches."""
    return lambda: max(0, sum(int(match[1]) for path in output.sizes() if (match := _BATCH.fullmatch(path))) - before)
