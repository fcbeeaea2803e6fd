"""The tests that ran as facts: how many, and how long."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from ops.facts.fact import Fact, FactsError
from ops.facts.machine import this_machine
from ops.facts.origin import Origin

TIER = "tier"
"""The property of a test in pytest's file of results that holds its tier."""

_ALL = "all"
_COMMANDS = {_ALL: "make test ALL=yes", "test": "make test", "unit": "make unit"}
"""Names of suites in files of results, and the commands that have pytest write them."""

_ALONE = {"test": ("tests.ordinary", "without the long ones"), "unit": ("tests.unit_alone", "the tier alone")}
"""Of those of one command the name of its facts, and a remark."""

_AGAIN = f"run: {', '.join(_COMMANDS.values())}"


def tier_facts(path: Path, origin: Origin) -> dict[str, Fact]:
    """Read the results of all tests, or of the unit tests, that ran on this machine.

    Parameters
    ----------
    path
        The file of results that ``make test``, with ``ALL=yes`` or without, or ``make unit`` had pytest write.
    origin
        The commit that was tested.

    Raises
    ------
    FactsError
        If there is none, or it is none.
    """
    try:
        suite = next(ElementTree.parse(path).getroot().iter("testsuite"))
        name = suite.attrib["name"]
        command = _COMMANDS[name]
        broken = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
        figures = list(_all(suite) if name == _ALL else _alone(suite, *_ALONE[name]))
        failed = f"; {broken} of the tests failed" if broken else ""
    except FileNotFoundError:
        raise FactsError(f"{path} is missing; {_AGAIN}") from None
    except (ElementTree.ParseError, StopIteration, KeyError, ValueError) as error:
        raise FactsError(f"{path} is no file of results of pytest ({error!r}); {_AGAIN}") from None
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


def _alone(suite: ElementTree.Element, name: str, remark: str) -> Iterator[tuple[str, float, str, str]]:
    yield name, int(suite.attrib["tests"]), "tests", f"{remark}, with those that were skipped"
    yield f"{name}_seconds", float(suite.attrib["time"]), "s", f"{remark}, by the clock, without set-up"


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
