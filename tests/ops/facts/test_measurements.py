"""What a rehearsal and the tests wrote about themselves, entered as facts."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.facts.fact import FactsError
from ops.facts.machine import this_machine
from ops.facts.measured import read_measured
from ops.facts.origin import Origin
from ops.facts.rehearsal import rehearsal_facts
from ops.facts.tiers import tier_facts
from tests.tiers import HEAVIEST_FIRST, UNIT, heaviest

ORIGIN = Origin("abcdef12", "2026-11-28")
RECORD: dict[str, Any] = {
    "commit": "abcdef12",
    "date": "2026-11-28",
    "photographs": 600,
    "rendered": True,
    "instances": "namespaces",
    "seconds": 301.5,
    "stages": [{"name": "Start"}, {"name": "End"}],
}
RESULTS = """<testsuites><testsuite name="{name}" errors="0" failures="{failures}" tests="3" time="61.5">
<testcase time="1.5"><properties><property name="tier" value="unit" /></properties></testcase>
<testcase time="20"><properties><property name="tier" value="server" /></properties></testcase>
<testcase time="40"><properties><property name="tier" value="server" /></properties></testcase>
</testsuite></testsuites>"""


def record(folder: Path, **changed: object) -> Path:
    path = folder / "rehearsal.json"
    path.write_text(json.dumps({**RECORD, **changed}))
    return path


def results(folder: Path, *, name: str = "all", failures: int = 0) -> Path:
    path = folder / "results.xml"
    path.write_text(RESULTS.format(name=name, failures=failures))
    return path


def test_the_record_of_a_rehearsal_becomes_facts_of_this_machine(tmp_path: Path) -> None:
    facts = rehearsal_facts(record(tmp_path))

    assert {name: (fact.value, fact.unit) for name, fact in facts.items()} == {
        "rehearsal.images": (600, "images"),
        "rehearsal.seconds": (301.5, "s"),
        "rehearsal.stages": (2, "stages"),
    }
    fact = facts["rehearsal.seconds"]
    assert (fact.command, fact.commit, fact.date, fact.machine) == ("make demo", *ORIGIN, this_machine())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rendered": False}, "own photographs, instances: namespaces; accepted: the rendered sample"),
        ({"instances": "shared"}, "the rendered sample, instances: shared; accepted: .* in namespaces"),
        ({"stages": None}, "is no record of a rehearsal"),
    ],
)
def test_a_rehearsal_of_something_else_gives_no_figures(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    with pytest.raises(FactsError, match=said):
        rehearsal_facts(record(tmp_path, **changed))


def test_the_results_of_all_tests_become_facts_by_tier(tmp_path: Path) -> None:
    facts = tier_facts(results(tmp_path), ORIGIN)

    assert {name: fact.value for name, fact in facts.items()} == {
        "tests.collected": 3,
        "tests.seconds": 61.5,
        "tests.tier.server": 2,
        "tests.tier.server_seconds": 60.0,
        "tests.tier.unit": 1,
        "tests.tier.unit_seconds": 1.5,
    }


@pytest.mark.parametrize(
    ("suite", "name", "command"),
    [("unit", "tests.unit_alone", "make unit"), ("test", "tests.ordinary", "make test")],
)
def test_the_tests_of_another_command_are_another_measurement(
    tmp_path: Path, suite: str, name: str, command: str
) -> None:
    facts = tier_facts(results(tmp_path, name=suite), ORIGIN)

    assert {key: (fact.value, fact.command) for key, fact in facts.items()} == {
        name: (3, command),
        f"{name}_seconds": (61.5, command),
    }


def test_figures_of_a_run_in_which_tests_failed_say_so(tmp_path: Path) -> None:
    whole, broken = (tier_facts(results(tmp_path, failures=failures), ORIGIN) for failures in (0, 2))

    assert [name for name, fact in broken.items() if not fact.remark.endswith("; 2 of the tests failed")] == []
    assert [name for name, fact in whole.items() if "failed" in fact.remark] == []


@pytest.mark.parametrize("text", [None, "<testsuites", "<testsuites/>", "<testsuite/>", '<testsuite name="pytest"/>'])
def test_what_pytest_has_not_written_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "results.xml").write_text(text)

    with pytest.raises(FactsError, match="run: make test"):
        tier_facts(tmp_path / "results.xml", ORIGIN)


def test_a_test_with_several_marks_is_counted_in_the_heaviest_tier() -> None:
    assert heaviest({"cdk", "server", "slow"}) == "server"
    assert [heaviest({mark}) for mark in (*HEAVIEST_FIRST, UNIT)] == [*HEAVIEST_FIRST, UNIT]


@pytest.mark.parametrize("option", ["--rehearsal", "--tests", "--bench"])
def test_figures_that_are_not_there_are_not_entered(option: str, tmp_path: Path) -> None:
    before = read_measured()

    done = CliRunner().invoke(app, ["facts", option, str(tmp_path / "nothing")])

    assert (done.exit_code, "is missing; run: make " in done.stderr) == (1, True)
    assert read_measured() == before
