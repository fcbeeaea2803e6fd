"""Clocks that tests move: whoever waits by one lets the next thing happen, and no time passes."""

from collections.abc import Iterator

from ops.clock import Clock


def clock_of_events(events: Iterator[None]) -> Clock:
    """Return a clock by which each wait lasts until the next ``yield`` of a generator, and the last one to its end."""
    over = False

    def wait(_seconds: float) -> None:
        nonlocal over
        assert not over, "somebody waits, and nothing more will happen"
        over = next(events, StopIteration) is StopIteration

    return Clock(wait=wait)


class Hours:
    """The time, which passes only while somebody waits, and then by whole hours."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def clock(self) -> Clock:
        """Return a clock that shows it."""
        return Clock(seconds=lambda: self._seconds, wait=self._pass)

    def _pass(self, _seconds: float) -> None:
        self._seconds += 3600.0
