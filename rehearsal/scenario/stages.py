"""Stages of a rehearsal: run one after the other, timed, until one fails."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ops.errors import FruitsError

Report = Callable[[str], None]
"""Told in a few words what a stage is doing."""


class StageFailed(FruitsError):
    """What a stage found is not what it should be.

    Parameters
    ----------
    reason
        What is wrong.
    log
        Where to read more, if there is such a place.
    action
        What to do next, if that is known.
    stage
        In which stage; set by `run_stages`.
    """

    def __init__(self, reason: str, *, log: str = "", action: str = "", stage: str = "") -> None:
        super().__init__(reason)
        self.reason, self.log, self.action, self.stage = reason, log, action, stage


@dataclass(frozen=True)
class Stage:
    """One thing that a rehearsal does and checks.

    Parameters
    ----------
    name
        For people.
    action
        Does it, and gives one line of what it found.
    """

    name: str
    action: Callable[[Report], str]


@dataclass(frozen=True)
class Ended:
    """How a stage ended."""

    name: str
    state: Literal["passed", "failed", "interrupted"]
    seconds: float
    detail: str


class Listener(Protocol):
    """Is told of stages as they come and go."""

    def begin(self, name: str) -> None:
        """Show that a stage begins."""

    def report(self, detail: str) -> None:
        """Show what the stage that runs is doing."""

    def end(self, ended: Ended) -> None:
        """Show how a stage ended."""


def run_stages(
    stages: Sequence[Stage], listener: Listener, *, expected: tuple[type[Exception], ...] = ()
) -> list[Ended]:
    """Run stages in order.

    Parameters
    ----------
    stages
        What to run.
    listener
        Told of them.
    expected
        Errors whose message says enough; of others the type is told, and where they came from.

    Returns
    -------
    list
        How each ended; all of them passed.

    Raises
    ------
    StageFailed
        By the first stage that fails, which is the last that runs.
    """
    done: list[Ended] = []
    for stage in stages:
        listener.begin(stage.name)
        began = time.monotonic()
        try:
            detail = stage.action(listener.report)
        except Exception as error:
            listener.end(Ended(stage.name, "failed", time.monotonic() - began, ""))
            raise _failure(stage.name, error, expected) from error
        except BaseException:
            listener.end(Ended(stage.name, "interrupted", time.monotonic() - began, ""))
            raise
        done.append(Ended(stage.name, "passed", time.monotonic() - began, detail))
        listener.end(done[-1])
    return done


def _failure(stage: str, error: Exception, expected: tuple[type[Exception], ...]) -> StageFailed:
    if isinstance(error, StageFailed):
        failure = error
    elif isinstance(error, expected):
        failure = StageFailed(str(error))
    else:
        trace = traceback.extract_tb(error.__traceback__)[-1]
        failure = StageFailed(f"{type(error).__name__} in {Path(trace.filename).name}:{trace.lineno}: {error}")
    failure.stage = stage
    return failure


def few_of(names: Sequence[str]) -> str:
    """Return a few of many, for findings."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
