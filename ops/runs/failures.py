"""The exception that made a step fail, found in the log of its driver."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TRACEBACK: Final = "Traceback (most recent call last):"
_EXCEPTION: Final = re.compile(r"[\w.]+(: .*)?$")
_OWN_LINE: Final = re.compile(r"^error: (.+)$")
_JAVA: Final = re.compile(r'^(?:Caused by: |Exception in thread "[^"]*" )((?:[\w$]+\.)+[\w$]+(?:Exception|Error)\b.*)$')
_EXIT: Final = re.compile(r"(?:Command exiting with ret '|ended with (?:exit )?code |[Ff]ailed with exitCode )(-?\d+)")
# Python's logging puts the traceback of what it merely mentions below a line such as this.
_MENTIONED: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (DEBUG|INFO|WARNING) ")
_LONGEST_BLOCK: Final = 60


@dataclass(frozen=True)
class FailingException:
    """What ended a driver.

    Parameters
    ----------
    line
        The exception and its message.
    block
        The traceback that leads to it; the line alone where there is none.
    """

    line: str
    block: str


def failing_exception(log: str) -> FailingException | None:
    """Find the exception that made a driver end.

    Parameters
    ----------
    log
        Its standard error.

    Returns
    -------
    FailingException or None
        In this order: the line by which the job itself says what the user can mend; the last exception of Python, which
        Spark lays between the lines of Java's own if it was raised in a worker; the last cause of an exception of Java.
    """
    lines = log.splitlines()
    for line in reversed(lines):
        if found := _OWN_LINE.match(line):
            return FailingException(found[1], line)
    for start in reversed(range(len(lines))):
        if _TRACEBACK in lines[start] and not (start and _MENTIONED.match(lines[start - 1])):
            block = _traceback(lines, start)
            if block:
                return FailingException(block[-1].strip(), "\n".join(block))
    for line in reversed(lines):
        if found := _JAVA.match(line):
            return FailingException(found[1], line)
    return None


def exit_code(log: str) -> int | None:
    """Find the exit code of the driver in the log of what started it; below 0 or above 128 a signal ended it."""
    found = _EXIT.findall(log)
    return int(found[-1]) if found else None


def _traceback(lines: Sequence[str], start: int) -> list[str]:
    """Give a traceback down to its exception, or nothing if it is cut off before."""
    block = [_TRACEBACK]
    for line in lines[start + 1 :]:
        block.append(line)
        if line and not line.startswith((" ", "\t")):
            shortened = block if len(block) <= _LONGEST_BLOCK else [*block[:5], "  ...", *block[5 - _LONGEST_BLOCK :]]
            return shortened if _EXCEPTION.match(line) else []
    return []
