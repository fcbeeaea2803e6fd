"""Which tier a test belongs to: by its folder, by its fixtures and by its own marks; and what a tier may start.

A test is `unit` unless it has another mark. What a test starts beyond its tier makes it fail, so that `make unit`
stays quick and needs neither Spark nor a server, and no node works in `make test`, but for `ALL=yes`.
"""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import pytest

UNIT = "unit"
LONG = "long"
HEAVIEST_FIRST = (LONG, "server", "spark", "cdk", "tensorflow", "slow")
MARKS = frozenset(HEAVIEST_FIRST)
"""Of the tests that are no unit tests; pyproject.toml says what each means."""

OF_FOLDERS = {"infra": "cdk", "rehearsal": "server"}
OF_FIXTURES = {
    "s3_endpoint": "server",
    "build": "cdk",
    "spark": "spark",
    "finished": "spark",
    "transient": LONG,
}
OF_PROGRAMS = {
    "spark-submit": "spark",
    "java": "spark",
    "jsii-runtime.js": "cdk",
    "cdk": "cdk",
    "ministack": "server",
    "rehearsal.embedded": "server",
    "rehearsal.node": LONG,
    "job.features.freeze": "tensorflow",
}
"""Words of a command line, without their folders, and the mark of tests that may start such a command."""

OF_IMPORTS = {"tensorflow": "tensorflow", "keras": "tensorflow"}

_watching: list[set[tuple[str, str]]] = []


def tier(folder: str, fixtures: Collection[str], marks: Collection[str]) -> set[str]:
    """Return the marks of a test, from the folder of `tests` that it lies in, its fixtures and the marks it has."""
    found = {mark for mark in marks if mark in MARKS}
    found |= {mark for name, mark in OF_FIXTURES.items() if name in fixtures}
    found |= {OF_FOLDERS[folder]} if folder in OF_FOLDERS else set()
    return found or {UNIT}


def heaviest(marks: Collection[str]) -> str:
    """Return the one tier that a test with these marks is counted in: of what it starts, what takes longest."""
    return next(mark for mark in (*HEAVIEST_FIRST, UNIT) if mark in marks)


@contextmanager
def staying_in(marks: Collection[str]) -> Iterator[None]:
    """Fail a unit test that starts what it must not, and one that has a node work and is not `long`.

    Beyond that tests may start anything: each tier uses what the tiers below it use, too.
    """
    started: set[tuple[str, str]] = set()
    _watching.append(started)
    try:
        yield
    finally:
        _watching.pop()
    forbidden = MARKS if UNIT in marks else {LONG} - {*marks}
    beyond = {(what, mark) for what, mark in started if mark in forbidden}
    if beyond:
        what, mark = min(beyond)
        kind = "a unit test" if UNIT in marks else f"a test without the mark {LONG}"
        pytest.fail(f"{kind} starts {what}; replace that, or mark the test with pytest.mark.{mark}", pytrace=False)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "subprocess.Popen":
        names = {PurePath(str(word)).name for word in arguments[1]}
        _watching[-1].update((name, OF_PROGRAMS[name]) for name in names & OF_PROGRAMS.keys())
    elif event == "import" and arguments[0] in OF_IMPORTS:
        _watching[-1].add((arguments[0], OF_IMPORTS[arguments[0]]))


sys.addaudithook(_look)
