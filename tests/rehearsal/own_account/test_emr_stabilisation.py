"""A stack whose cluster does its work and ends within seconds: both ways in which CloudFormation may take that."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import Client
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.embedded.daemon import start_aws
from rehearsal.node.reports import ReportRefused
from tests.rehearsal.clusters import make_roles, status, step, wait_for
from tests.rehearsal.small_stacks import CLUSTER
from tests.rehearsal.switches import Switches

MINUTES = 0.5
"""Between two looks of CloudFormation."""


@pytest.fixture
def switches(aws: EmbeddedAws, client: Client) -> Iterator[Switches]:
    """Clusters wait for what their node, the test, reports."""
    make_roles(client)
    found = Switches(aws)
    found.choose_launch("hold")
    yield found
    found.stabilise("once-ready")
    found.choose_launch("launch")
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        client("cloudformation").delete_stack(StackName=stack["StackName"])


def _create(client: Client, name: str) -> str:
    """Begin to create a stack with a cluster that ends with its step; return the cluster's id."""
    resources: dict[str, Any] = copy.deepcopy(dict(CLUSTER))
    properties = resources["Cluster"]["Properties"]
    properties["Name"] = name
    properties["Instances"]["KeepJobFlowAliveWhenNoSteps"] = "false"
    properties["Steps"] = [step("quick")]
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))

    def found() -> str:
        return next((item["Id"] for item in client("emr").list_clusters()["Clusters"] if item["Name"] == name), "")

    cluster_id: str = wait_for(found)
    return cluster_id


def _outcome(client: Client, name: str) -> tuple[str, str]:
    """Wait for what becomes of a stack; return its state, and why its cluster failed."""
    cloudformation = client("cloudformation")

    def state() -> str:
        found: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return "" if found.endswith("IN_PROGRESS") else found

    ended = wait_for(state)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [item["ResourceStatusReason"] for item in events if item["ResourceStatus"] == "CREATE_FAILED"]
    return ended, failed[0] if failed else ""


def _work(client: Client, switches: Switches, cluster_id: str) -> None:
    """Take the cluster through its step; it is TERMINATING then."""
    switches.cluster(cluster_id, "BOOTSTRAPPING")
    switches.cluster(cluster_id, "RUNNING")
    (only,) = client("emr").list_steps(ClusterId=cluster_id)["Steps"]
    switches.step(cluster_id, only["Id"], "RUNNING")
    switches.step(cluster_id, only["Id"], "COMPLETED")
    switches.terminate(cluster_id, code="ALL_STEPS_COMPLETED", message="Steps completed")


def test_a_cluster_that_was_ready_once_is_made(client: Client, switches: Switches) -> None:
    cluster_id = _create(client, "once")
    _work(client, switches, cluster_id)
    switches.cluster(cluster_id, "TERMINATED", code="ALL_STEPS_COMPLETED", message="Steps completed")
    assert _outcome(client, "once") == ("CREATE_COMPLETE", "")


def test_a_cluster_that_is_ready_when_cloudformation_looks_is_made(client: Client, switches: Switches) -> None:
    switches.stabilise("when-seen")
    cluster_id = _create(client, "seen")
    switches.advance(minutes=MINUTES)  # nothing to see yet
    switches.cluster(cluster_id, "BOOTSTRAPPING")
    switches.cluster(cluster_id, "RUNNING")
    switches.advance(minutes=MINUTES)
    assert _outcome(client, "seen") == ("CREATE_COMPLETE", "")


@pytest.mark.parametrize("state", ["TERMINATING", "TERMINATED"])
def test_a_cluster_that_has_worked_between_two_looks_fails_its_stack(
    client: Client, switches: Switches, state: str
) -> None:
    switches.stabilise("when-seen")
    cluster_id = _create(client, state)
    _work(client, switches, cluster_id)
    if state == "TERMINATED":
        switches.cluster(cluster_id, state, code="ALL_STEPS_COMPLETED", message="Steps completed")
    switches.advance(minutes=MINUTES)
    ended, reason = _outcome(client, state)
    assert ended == "ROLLBACK_COMPLETE"
    assert f"{cluster_id} failed to stabilize" in reason
    assert ("already TERMINATING" in reason) == (state == "TERMINATING")
    assert "ALL_STEPS_COMPLETED" in reason
    assert status(client, cluster_id)["StateChangeReason"]["Code"] == "ALL_STEPS_COMPLETED"


def test_another_way_of_seeing_is_refused(switches: Switches) -> None:
    with pytest.raises(ReportRefused, match="stabilisation 'never': accepted: once-ready, when-seen"):
        switches.stabilise("never")  # type: ignore[arg-type]


def test_an_unknown_way_of_seeing_ends_the_start_with_those_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRUITS_STABILISATION", "never")
    with pytest.raises(DaemonFailed, match="stabilisation 'never': accepted: once-ready, when-seen"):
        start_aws(tmp_path / "aws")
