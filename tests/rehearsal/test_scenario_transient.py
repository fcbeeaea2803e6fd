"""The scenario in transient mode: every run has a cluster of its own, which ends with it."""

import json
from pathlib import Path

from rehearsal.scenario.checks import check_run
from tests.rehearsal.scenarios import PHOTOGRAPHS, Rehearsed


def test_every_stage_passes(transient: Rehearsed) -> None:
    assert [ended.state for ended in transient.recorder.ended] == ["passed"] * 13
    assert [ended.name for ended in transient.recorder.ended] == transient.recorder.begun


def test_each_run_has_a_cluster_that_ends_when_its_job_is_done(transient: Rehearsed) -> None:
    clusters = transient.host.client("emr").list_clusters()["Clusters"]
    assert len(clusters) == 3
    for cluster in clusters:
        assert cluster["Status"]["State"] == "TERMINATED"
        assert cluster["Status"]["StateChangeReason"]["Code"] == "ALL_STEPS_COMPLETED"
        (step,) = transient.host.client("emr").list_steps(ClusterId=cluster["Id"])["Steps"]
        assert step["Status"]["State"] == "COMPLETED"


def test_each_run_computes_what_is_new_and_nothing_else(transient: Rehearsed) -> None:
    computed = [evidence.printed["counts"]["computed"] for evidence in transient.scenario.evidence if evidence.printed]
    assert computed == [PHOTOGRAPHS, 0, 15]
    counts = transient.scenario.evidence[-1].manifest["counts"]  # type: ignore[index]
    assert (counts["images"], counts["features"]) == (PHOTOGRAPHS + 10 - 3,) * 2


def test_the_results_of_the_last_run_are_consistent(transient: Rehearsed) -> None:
    assert check_run(transient.scenario.evidence[-1]) == []


def test_the_report_is_copied_to_this_machine(transient: Rehearsed) -> None:
    (report,) = transient.output.glob("reports/*/report.html")
    manifest = json.loads((report.parent / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run"] == report.parent.name
    assert manifest["images"]["rendered"] is True
    assert manifest["run"] in report.read_text(encoding="utf-8")


def test_people_are_told_of_states_and_of_photographs_done(transient: Rehearsed) -> None:
    told = "\n".join(transient.recorder.reported)
    for words in ("BOOTSTRAPPING", "step RUNNING", "photographs done", "FruitsNetwork-demo: AWS::EC2::VPC CREATE_"):
        assert words in told, words


def test_what_aws_keeps_is_named_with_its_reason(transient: Rehearsed) -> None:
    kept = transient.scenario.kept
    assert {count for reason, count in kept.items() if "ended clusters" in reason} == {3}
    assert {reason.partition(",")[0] for reason in kept} == {
        "parts of the default network",
        "made by cdk bootstrap",
        "ended clusters",
        "disk keys",
        "AWS's own key of S3",
        "EC2's own role of Spot",
    }


def test_buckets_and_stacks_are_gone(transient: Rehearsed) -> None:
    client = transient.host.client
    buckets = [item["Name"] for item in client("s3").list_buckets()["Buckets"]]
    stacks = [item["StackName"] for item in client("cloudformation").describe_stacks()["Stacks"]]
    assert [name.partition("-")[0] for name in (*buckets, *stacks)] == ["cdk", "CDKToolkit"]


def test_the_cost_of_the_embedded_aws_is_measured(transient: Rehearsed, tmp_path: Path) -> None:
    transient.host.measure()
    expense = transient.host.expense
    assert expense.starting > 0
    assert expense.processor > 0
