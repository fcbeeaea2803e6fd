"""The time that a command waits by, which a test can move."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import typer


@dataclass(frozen=True)
class Clock:
    """Measures time and waits.

    Parameters
    ----------
    seconds
        Returns the time, in seconds since some moment in the past.
    wait
        Returns after so many seconds.
    """

    seconds: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def clock_of(context: typer.Context) -> Clock:
    """Return the clock that the caller of a command has put into its context; without one, the machine's."""
    return context.find_object(Clock) or Clock()
