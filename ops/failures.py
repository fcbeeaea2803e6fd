"""Why a driver ended: the cause, found in its log as Python, Spark and Java write it."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TRACEBACK: Final = "Traceback (most recent call last):"
_OF_A_GROUP: Final = re.compile(r"^ *[|+](?:[-+]+(?: \d+ )?[-+]*)?(?: ?\| ?)? ?")
_EXCEPTION: Final = re.compile(r"[\w.]+(: .*)?$")
_OWN_LINE: Final = re.compile(r"^error: (.+)$")
_JAVA_NAME: Final = r"(?:[\w$]+\.)+[\w$]+(?:Exception|Error|Failure)\b"
_JAVA: Final = re.compile(rf'^(?:Caused by: |Exception in thread "[^"]*" )({_JAVA_NAME}.*)$')
_FROM_JAVA: Final = re.compile(r"^py4j\.protocol\.Py4JJavaError: An error occurred while calling ")
_LOST_TASK: Final = re.compile(
    r"Job aborted due to stage failure: Task (?P<task>\d+) in stage [\d.]+ failed (?P<times>\d+) times?, most recent"
    r" failure: Lost task [\d.]+ in stage [\d.]+ \(TID \d+\) \((?P<host>\S+) executor (?P<executor>\S+)\): "
    r"(?:ExecutorLostFailure \(.*?\) Reason: )?(?P<reason>.*)"
)
_EXIT: Final = re.compile(r"(?:Command exiting with ret '|ended with (?:exit )?code |[Ff]ailed with exitCode )(-?\d+)")
_LOGGED: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (DEBUG|INFO|WARNING|ERROR) ")
_LONGEST_BLOCK: Final = 60

_CLASSES_THAT_SAY_NOTHING: Final = re.compile(
    r"^(?:org\.apache\.spark\.(?:SparkException|SparkUserAppException|memory\.SparkOutOfMemoryError)"
    r"|java\.io\.IOException|java\.util\.concurrent\.ExecutionException|java\.lang\.RuntimeException): (?=\S)"
)

_ADVICE: Final = (
    (
        re.compile(
            r"exceeding (?:physical |virtual )?memory limits|exit(?:ed)?(?: code)?:? 137|OutOfMemoryError|^MemoryError"
        ),
        "it needed more memory than its container has; take an instance type with more memory a core",
    ),
    (
        re.compile(r"signal 9 \(SIGKILL\)$"),
        "the system does that when memory is short, and EMR when a step is cancelled",
    ),
    (
        re.compile(r"Python worker exited unexpectedly|java\.io\.EOFException"),
        "a Python worker was killed or crashed, as for want of memory; the executors' own stderr says more",
    ),
    (
        re.compile(r"No space left on device"),
        "the disk of a node is full; give nodes larger disks, or run on more nodes",
    ),
    (
        re.compile(r"bigger than spark\.driver\.maxResultSize"),
        "the driver got more than it takes; raise spark.driver.maxResultSize",
    ),
    (
        re.compile(r"Cannot run program .*No such file"),
        "the bootstrap action did not install Python on that node: fruits logs --bootstrap",
    ),
    (
        re.compile(r"Access ?Denied|Status Code: 403|AccessControlException", re.IGNORECASE),
        "the role of the nodes lacks a right, or the bucket or its key refuses it",
    ),
    (
        re.compile(r"SparkContext (?:was|has been) (?:shut ?down|stopped)|stopped SparkContext"),
        "something ended Spark under the job: its cluster, its master or YARN",
    ),
    (
        re.compile(r"Py4JNetworkError|Py4JError: An error occurred while calling \S+$|Answer from Java side is empty"),
        "the driver's JVM is gone: killed, or out of memory",
    ),
    (
        re.compile(
            r"decommission|[Ss]pot instance|lost worker|Container released on a \*lost\* node|worker lost",
            re.IGNORECASE,
        ),
        "a node went away, as when Spot's capacity was taken back; what is committed is kept: run again",
    ),
    (
        re.compile(r"Initial job has not accepted any resources"),
        "no executor came; see whether nodes are there and have memory",
    ),
)
"""What a cause means, for those whose words do not say it; Spark's and Hadoop's own messages."""


@dataclass(frozen=True)
class FailingException:
    """What ended a driver.

    Parameters
    ----------
    line
        The cause, in one line.
    block
        The traceback that leads to it; the line alone where there is none.
    """

    line: str
    block: str

    @property
    def explained(self) -> str:
        """The cause, and what it means where its own words do not say that.

        Examples
        --------
        >>> FailingException("No space left on device", "").explained
        'No space left on device; the disk of a node is full; give nodes larger disks, or run on more nodes'
        """
        meaning = next((text for pattern, text in _ADVICE if pattern.search(self.line)), "")
        return f"{self.line}; {meaning}" if meaning else self.line


def failing_exception(log: str) -> FailingException | None:
    """Find the exception that made a driver end.

    Parameters
    ----------
    log
        What the driver wrote, standard output and standard error.

    Returns
    -------
    FailingException or None
        In this order: the line by which the job itself says what the user can mend; the last exception of Python, which
        Spark lays between the lines of Java's own if it was raised in a worker, and whose own cause is Java's where
        Python got it from there; the last cause of an exception of Java. A traceback above a line that the driver
        logged later does not count, for the driver went on.

    Examples
    --------
    >>> failing_exception("error: no photograph under s3://data/images").line
    'no photograph under s3://data/images'
    """
    lines = log.splitlines()
    for line in reversed(lines):
        if found := _OWN_LINE.match(line):
            return FailingException(found[1], line)
    for start in reversed(range(len(lines))):
        if _LOGGED.match(lines[start]):
            break  # the driver went on after what stands above
        if _TRACEBACK in lines[start] and (raised := _exception_at(lines, start)):
            return raised
    return _cause_of_java(lines)


def killed(code: int | None, log: str) -> FailingException | None:
    """Return by which signal a driver was killed, or None if it ended by itself.

    Parameters
    ----------
    code
        Exit code of the driver: below 0 or above 128 for a signal.
    log
        What it wrote. EMR has a JVM that is out of memory killed, and only the log tells of the memory.
    """
    number = -code if code and code < 0 else (code or 0) - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        return None
    memory = next((line for line in log.splitlines() if "OutOfMemoryError" in line), "").strip()
    line = f"the driver was killed by signal {number} ({name})"
    return FailingException(f"{line} after {memory}" if memory else line, line)


def exit_code(log: str) -> int | None:
    """Find the exit code of the driver in the log of what started it; below 0 or above 128 a signal ended it."""
    found = _EXIT.findall(log)
    return int(found[-1]) if found else None


def _exception_at(lines: Sequence[str], start: int) -> FailingException | None:
    """Return the exception of the traceback that begins at a line, or None if it is cut off before its exception."""
    grouped = lines[start].lstrip().startswith("+ Exception Group")
    block = [_TRACEBACK]
    for number, raw in enumerate(lines[start + 1 :], start + 1):
        line = _OF_A_GROUP.sub("", raw) if grouped else raw
        block.append(line)
        if line and not line.startswith((" ", "\t")):
            if not _EXCEPTION.match(line):
                return None
            cause = _first_of_group(lines[number + 1 :]) if grouped else ""
            if _FROM_JAVA.match(line) and (java := _cause_of_java(lines[number + 1 :])):
                return FailingException(java.line, "\n".join(_shortened(block)))
            return FailingException(f"{line.strip()}: {cause}" if cause else line.strip(), "\n".join(_shortened(block)))
    return None


def _first_of_group(lines: Sequence[str]) -> str:
    """Return the first exception that a group of exceptions holds."""
    inner = (_OF_A_GROUP.sub("", line) for line in lines)
    return next((line for line in inner if _EXCEPTION.match(line)), "")


def _cause_of_java(lines: Sequence[str]) -> FailingException | None:
    """Return the task that Spark gave up and why, or else the last cause of an exception of Java."""
    for line in reversed(lines):
        if found := _LOST_TASK.search(line):
            what = f"task {found['task']}, tried {found['times']} times, last on {found['host']}"
            return _of_java(f"{found['reason']} ({what}, executor {found['executor']})")
    first = lines[0].removeprefix(": ") if lines and lines[0].startswith(": ") else ""
    for line in reversed(lines):
        if found := _JAVA.match(line):
            return _of_java(first if found[1] in first else found[1])  # Hadoop's own line names the path, too
    return _of_java(first) if first else None


def _of_java(line: str) -> FailingException:
    text = line.removesuffix("Driver stacktrace:").strip()
    shorter = _CLASSES_THAT_SAY_NOTHING.sub("", text)
    return FailingException(shorter, shorter)


def _shortened(block: list[str]) -> list[str]:
    return block if len(block) <= _LONGEST_BLOCK else [*block[:5], "  ...", *block[5 - _LONGEST_BLOCK :]]
