"""The time of EMR: that of the machine, and what a test has added to it, so that nobody waits for minutes or months."""

import threading
import time
from typing import Final

_LOOKS_AGAIN_SECONDS: Final = 0.5
_changed = threading.Condition()
_added = 0.0


def now() -> float:
    """Return the time in seconds since 1970, as the JSON protocol of AWS has it."""
    return round(time.time() + _added, 3)


def advance(seconds: float) -> None:
    """Let time pass at once, for EMR alone.

    Raises
    ------
    ValueError
        If it would go backwards.
    """
    global _added  # noqa: PLW0603 - there is one time
    if seconds < 0:
        raise ValueError(f"{seconds} s: time goes forwards only; accepted: 0 and more")
    with _changed:
        _added += seconds
        _changed.notify_all()


def look_again() -> None:
    """Wake up who waits for something else than the time, which may have changed now."""
    with _changed:
        _changed.notify_all()


def pause(until: float) -> None:
    """Wait until a moment, or a short while, for who looks then whether something has changed."""
    with _changed:
        _changed.wait(max(0.0, min(until - now(), _LOOKS_AGAIN_SECONDS)))


def wait_until(moment: float) -> None:
    """Wait until a moment."""
    while now() < moment:
        pause(moment)
