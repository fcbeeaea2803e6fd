"""The tests that ran as facts: how many, and how long."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from ops.facts.fact import Fact, FactsError
from ops.facts.machine import this_machine
from ops.facts.origin import Origin

TIER = "tier"
"""The property of a test in pytest's file of results that holds its tier."""

_UNIT = "unit"
_AGAIN = "run: make test, or make unit"


def tier_facts(path: Path, origin: Origin) -> dict[str, Fact]:
    """Read the results of all tests, or of the unit tests, that ran on this machine.

    Parameters
    ----------
    path
        The file of results that ``make test`` or ``make unit`` had pytest write.
    origin
        The commit that was tested.

    Raises
    ------
    FactsError
        If there is none, or it is none.
    """
    try:
        suite = next(ElementTree.parse(path).getroot().iter("testsuite"))
        alone = suite.attrib["name"] == _UNIT
        broken = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
        figures = list(_alone(suite) if alone else _all(suite))
        failed = f"; {broken} of the tests failed" if broken else ""
    except FileNotFoundError:
        raise FactsError(f"{path} is missing; {_AGAIN}") from None
    except (ElementTree.ParseError, StopIteration, KeyError, ValueError) as error:
        raise FactsError(f"{path} is no file of results of pytest ({error!r}); {_AGAIN}") from None
    command = "make unit" if alone else "make test"
    return {
        name: Fact(
            value=value,
            unit=unit,
            command=command,
            machine=this_machine(),
            remark=f"{remark}{failed}",
            **origin._asdict(),
        )
        for name, value, unit, remark in figures
    }


def _alone(suite: ElementTree.Element) -> Iterator[tuple[str, float, str, str]]:
    yield "tests.unit_alone", int(suite.attrib["tests"]), "tests", "with those that were skipped"
    yield "tests.unit_alone_seconds", float(suite.attrib["time"]), "s", "by the clock, without set-up"


def _all(suite: ElementTree.Element) -> Iterator[tuple[str, float, str, str]]:
    yield "tests.collected", int(suite.attrib["tests"]), "tests", "with those that were skipped"
    yield "tests.seconds", float(suite.attrib["time"]), "s", "by the clock"
    tiers: dict[str, list[float]] = {}
    for case in suite.iter("testcase"):
        tier = next(item.attrib["value"] for item in case.iter("property") if item.attrib["name"] == TIER)
        tiers.setdefault(tier, []).append(float(case.attrib["time"]))
    for tier, seconds in tiers.items():
        yield f"tests.tier.{tier}", len(seconds), "tests", "each in the heaviest of its tiers"
        yield f"tests.tier.{tier}_seconds", sum(seconds), "s", "each test's own, while others ran beside it"
