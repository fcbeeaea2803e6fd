import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.goals import goals
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Template
from ops.beliefs.verdicts import Outcome, Verdict
from ops.cli import app
from ops.facts.documents import planted, unverified
from ops.facts.fact import FACTS, Fact, FactsError, read_facts, write_facts
from ops.facts.facts import differences, with_origins
from ops.facts.from_templates import template_facts
from ops.facts.measured import fingerprint, read_measured
from ops.facts.prices import price_facts
from ops.pricing.prediction import load_throughput
from ops.pricing.price_book import PriceBook
from rehearsal.scenario.scenario import Scenario
from tests.imports import PROJECT

APPLE = Fact(value=3, unit="apples", command="count apples", commit="abc", date="2026-11-27")


def names(problems: list[str]) -> list[str]:
    return [problem.partition(":")[0] for problem in problems]


def without(deployment: Deployment, kind: str) -> Deployment:
    """Take the first resource of a type out of the templates."""

    def bodies() -> Iterator[Template]:
        taken = False
        for template in deployment.templates:
            resources: Mapping[str, Any] = template.body["Resources"]
            victim = next((name for name in resources if not taken and resources[name]["Type"] == kind), None)
            taken = taken or victim is not None
            left = {name: resource for name, resource in resources.items() if name != victim}
            yield replace(template, body={**template.body, "Resources": left})

    return Deployment(tuple(bodies()))


def test_a_fact_that_is_written_down_otherwise_is_named() -> None:
    assert differences({"a": APPLE}, {"a": replace(APPLE, value=4)}, {}) == [
        "a: 3 apples is written down, and 4 apples is true now"
    ]


def test_a_fact_that_nothing_gives_any_more_is_named() -> None:
    assert differences({"a": APPLE}, {}, {}) == ["a: 3 apples is written down, and nothing is true now"]


def test_a_new_fact_that_is_not_written_down_is_named() -> None:
    assert differences({}, {}, {"a": APPLE}) == ["a: nothing is written down, and 3 apples is true now"]


def test_a_computed_fact_may_be_of_an_older_commit_as_long_as_it_is_true() -> None:
    assert differences({"a": replace(APPLE, commit="old")}, {"a": APPLE}, {}) == []


def test_a_measured_fact_of_another_commit_is_another_measurement() -> None:
    assert names(differences({"a": replace(APPLE, commit="old")}, {}, {"a": APPLE})) == ["a"]


def test_a_fact_that_says_what_it_said_keeps_its_commit() -> None:
    now = {"a": replace(APPLE, command="cdk synth"), "b": replace(APPLE, command="cdk synth", value=4)}
    known = {name: replace(fact, value=3, commit="old") for name, fact in now.items()}

    named = with_origins(now, known)

    assert named["a"].commit == "old"
    assert named["b"].commit != "old"


def test_the_file_of_facts_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_facts({"b": APPLE, "a": APPLE}, tmp_path / "facts.json")

    assert list(read_facts(tmp_path / "facts.json").items()) == [("a", APPLE), ("b", APPLE)]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 3}', '{"a": {"value": 3, "colour": "red"}}'])
def test_what_is_no_file_of_facts_is_refused_with_the_way_to_make_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "facts.json").write_text(text)

    with pytest.raises(FactsError, match="run: fruits facts"):
        read_facts(tmp_path / "facts.json")


def test_a_price_that_changes_changes_what_a_run_costs(
    settings_of: Callable[..., DeploymentSettings],
) -> None:
    book = PriceBook.load()
    dearer = replace(book, records=tuple(replace(record, usd=record.usd * 2) for record in book.records))
    settings, none = settings_of(), Deployment(())

    problems = differences(price_facts(settings, none, book), price_facts(settings, none, dearer), {})

    assert {"price.run", "price.hour", "price.month_at_rest", "price.million"} <= set(names(problems))


def test_each_price_says_what_it_leaves_out(settings_of: Callable[..., DeploymentSettings]) -> None:
    book = PriceBook.load()
    without = replace(book, records=tuple(record for record in book.records if record.kind != "ebs"))
    run = price_facts(settings_of(), Deployment(()), without)["price.run"]

    assert "not priced: gp2 disks" in run.remark


@pytest.mark.cdk
@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("AWS::EC2::SecurityGroupIngress", "network.rules"),
        ("AWS::EC2::SecurityGroup", "network.groups"),
        ("AWS::IAM::Policy", "iam.statements"),
        ("AWS::Budgets::Budget", "stops"),
        ("AWS::StepFunctions::StateMachine", "stops"),
        ("AWS::S3::Bucket", "storage.buckets"),
        ("AWS::EC2::VPCEndpoint", "network.endpoint_statements"),
    ],
)
def test_a_template_that_lacks_something_has_other_facts(deployment: Deployment, kind: str, fact: str) -> None:
    changed = differences(template_facts(deployment), template_facts(without(deployment, kind)), {})

    assert {fact, "resources"} <= set(names(changed))


@pytest.mark.cdk
def test_a_cluster_that_stays_is_not_stopped_by_the_end_of_its_job(deploy: Callable[..., Deployment]) -> None:
    stays = template_facts(deploy(mode="interactive"))["stops"].value
    ends = template_facts(deploy())["stops"].value

    assert (stays, ends) == (3, 4)


def test_a_row_that_an_account_has_shown_is_counted_no_more() -> None:
    shown = Verdict(
        outcome=Outcome.CONFIRMED, seen=date(2026, 12, 1), release="emr-7.13.0", region="eu-west-3", answer=1
    )

    before, after = unverified({}), unverified({1: shown})

    names = ("unverified.rows", "unverified.first_run", "unverified.later")
    assert [before[name].value - after[name].value for name in names] == [1, 1, 0]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("60 of 60 planted faults end red.", [60, 60, 0]),
        ("57 of 58 planted faults end red; 3 more are not tried yet.", [57, 58, 3]),
    ],
)
def test_planted_faults_are_counted_whether_all_were_tried_or_not(line: str, counts: list[int]) -> None:
    assert [fact.value for fact in planted(line).values()] == counts


def test_a_page_of_another_form_is_not_counted() -> None:
    with pytest.raises(FactsError, match="make planted"):
        planted("All planted faults end red.")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = 1\n", "# a word\nx = (1)\n", True),
        ('def f():\n    """Words."""\n    return 1\n', 'def f():\n    """Others."""\n    return 1\n', True),
        ("x = 1\n", "x = 2\n", False),
    ],
)
def test_a_fingerprint_changes_with_what_code_does(tmp_path: Path, before: str, after: str, same: bool) -> None:
    module = tmp_path / "module.py"
    module.write_text(before)
    then = fingerprint(module)
    module.write_text(after)

    assert (fingerprint(module) == then) is same


def test_measurements_whose_code_has_changed_or_gone_are_outdated(tmp_path: Path) -> None:
    measured = read_measured()
    shutil.copytree(PROJECT / "bench", tmp_path / "bench")
    assert measured.outdated(tmp_path) == []

    with (tmp_path / "bench" / "job_rows.py").open("a", encoding="utf-8") as module:
        module.write("PAUSE = 1\n")
    (tmp_path / "bench" / "measure.py").unlink()

    assert [problem.partition(" ")[0] for problem in measured.outdated(tmp_path)] == [
        "bench/job_rows.py",
        "bench/measure.py",
    ]


def test_predictions_start_from_the_measurement_that_documents_state() -> None:
    facts, throughput = read_measured().facts, load_throughput()

    assert facts["bench.images"].value == throughput.images
    assert facts["bench.seconds"].value == throughput.seconds
    assert facts["bench.featurize_seconds"].value == throughput.featurize_seconds


def test_the_goal_that_documents_state_is_the_one_that_is_judged() -> None:
    assert goals({})[0].text.endswith(f"at least {read_measured().facts['bench.times_copied.goal'].value}")


def test_a_rehearsal_has_as_many_stages_as_documents_state() -> None:
    scenario = Scenario.__new__(Scenario)  # its stages are known without a host

    start = 1  # of the embedded AWS and the node, which `fruits rehearse` adds
    assert read_measured().facts["rehearsal.stages"].value == start + len(scenario.stages(destroy=True))


def test_each_measurement_says_when_and_on_what() -> None:
    assert [
        name for name, fact in read_measured().facts.items() if not (fact.commit and fact.date and fact.machine)
    ] == []


@pytest.mark.cdk
def test_the_facts_that_are_written_down_are_true() -> None:
    done = CliRunner().invoke(app, ["facts", "--check"])

    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.cdk
def test_a_file_with_conflicts_of_a_merge_is_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text("<<<<<<< HEAD\n{}\n=======\n", encoding="utf-8")

    done = CliRunner().invoke(app, ["facts", "--file", str(file)])

    assert done.exit_code == 0
    assert {name: fact.value for name, fact in read_facts(file).items()} == {
        name: fact.value for name, fact in read_facts().items()
    }


@pytest.mark.cdk
@pytest.mark.parametrize("name", ["price.run", "bench.images_per_second"])
def test_a_figure_that_somebody_changed_by_hand_fails_the_check(tmp_path: Path, name: str) -> None:
    content = json.loads(FACTS.read_text(encoding="utf-8"))
    content[name]["value"] *= 2
    (tmp_path / "facts.json").write_text(json.dumps(content))

    done = CliRunner().invoke(app, ["facts", "--check", "--file", str(tmp_path / "facts.json")])

    assert done.exit_code == 1
    assert f"{name}: " in done.stderr
