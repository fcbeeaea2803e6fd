"""Fleets of a running cluster are changed with both targets named, by EMR's API and by CloudFormation."""

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from tests.rehearsal.clusters import make_roles, run_cluster, wait_for, wait_for_state
from tests.rehearsal.small_stacks import CLUSTER, make_stack
from tests.rehearsal.switches import Switches

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef

BOTH = "The instance fleet should have both targetOnDemandCapacity and targetSpotCapacity specified"
TYPES = [{"InstanceType": "m6i.xlarge", "WeightedCapacity": 4}]


@pytest.fixture
def emr(client: Client) -> Any:
    make_roles(client)
    return client("emr")


@pytest.fixture
def fleet(client: Client, emr: Any) -> Iterator[tuple[str, str]]:
    """The ids of a running cluster and of its core fleet of four units."""
    primary = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": TYPES[:1]}
    core = {"InstanceFleetType": "CORE", "TargetOnDemandCapacity": 4, "InstanceTypeConfigs": TYPES}
    cluster_id = run_cluster(client, Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceFleets": [primary, core]})
    wait_for_state(client, cluster_id, "WAITING")
    yield cluster_id, _core(emr, cluster_id)["Id"]
    emr.terminate_job_flows(JobFlowIds=[cluster_id])


def _core(emr: Any, cluster_id: str) -> dict[str, Any]:
    fleets = emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    return next(fleet for fleet in fleets if fleet["InstanceFleetType"] == "CORE")


@pytest.mark.parametrize("one", [{"TargetOnDemandCapacity": 8}, {"TargetSpotCapacity": 8}])
def test_a_change_that_names_one_target_is_refused(emr: Any, fleet: tuple[str, str], one: dict[str, int]) -> None:
    cluster_id, fleet_id = fleet
    with pytest.raises(ClientError, match=BOTH):
        emr.modify_instance_fleet(ClusterId=cluster_id, InstanceFleet={"InstanceFleetId": fleet_id, **one})
    assert _core(emr, cluster_id)["TargetOnDemandCapacity"] == 4


@pytest.mark.parametrize(("units", "nodes"), [(8, 2), (0, 0)])
def test_a_change_that_names_both_targets_is_made(emr: Any, fleet: tuple[str, str], units: int, nodes: int) -> None:
    cluster_id, fleet_id = fleet
    change = {"InstanceFleetId": fleet_id, "TargetOnDemandCapacity": units, "TargetSpotCapacity": 0}
    emr.modify_instance_fleet(ClusterId=cluster_id, InstanceFleet=change)
    changed = _core(emr, cluster_id)
    assert (changed["TargetOnDemandCapacity"], changed["ProvisionedOnDemandCapacity"]) == (units, units)
    assert len(emr.list_instances(ClusterId=cluster_id, InstanceFleetId=fleet_id)["Instances"]) == nodes


@pytest.mark.parametrize("units", [0, 4, 8])
def test_ec2_shows_the_nodes_that_a_fleet_has(client: Client, emr: Any, fleet: tuple[str, str], units: int) -> None:
    cluster_id, fleet_id = fleet
    change = {"InstanceFleetId": fleet_id, "TargetOnDemandCapacity": units, "TargetSpotCapacity": 0}
    emr.modify_instance_fleet(ClusterId=cluster_id, InstanceFleet=change)
    nodes = emr.list_instances(ClusterId=cluster_id)["Instances"]
    assert _running(client, cluster_id) == {node["Ec2InstanceId"]: node["InstanceType"] for node in nodes}
    assert len(nodes) == 1 + units // 4


def test_instances_of_an_ended_cluster_are_terminated_with_their_disks(
    client: Client, emr: Any, fleet: tuple[str, str]
) -> None:
    nodes = list(_running(client, fleet[0]))
    emr.terminate_job_flows(JobFlowIds=[fleet[0]])
    wait_for_state(client, fleet[0], "TERMINATED")
    assert not _running(client, fleet[0])
    attached: list[FilterTypeDef] = [{"Name": "attachment.instance-id", "Values": nodes}]
    assert nodes
    assert not client("ec2").describe_volumes(Filters=attached)["Volumes"]


def _running(client: Client, cluster_id: str) -> dict[str, str]:
    tagged: list[FilterTypeDef] = [{"Name": "tag:aws:elasticmapreduce:job-flow-id", "Values": [cluster_id]}]
    found = client("ec2").describe_instances(Filters=tagged)["Reservations"]
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    return {item["InstanceId"]: item["InstanceType"] for item in instances if item["State"]["Name"] == "running"}


def test_a_change_for_which_ec2_has_nothing_stays_under_way(aws: EmbeddedAws, emr: Any, fleet: tuple[str, str]) -> None:
    cluster_id, fleet_id = fleet
    Switches(aws).exhaust("m6i.xlarge")
    change = {"InstanceFleetId": fleet_id, "TargetOnDemandCapacity": 8, "TargetSpotCapacity": 0}
    emr.modify_instance_fleet(ClusterId=cluster_id, InstanceFleet=change)
    Switches(aws).exhaust()
    changed = _core(emr, cluster_id)
    assert (changed["Status"]["State"], changed["ProvisionedOnDemandCapacity"]) == ("RESIZING", 4)
    assert "InsufficientInstanceCapacity" in changed["Status"]["StateChangeReason"]["Message"]


def test_a_fleet_that_is_not_there_is_not_changed(emr: Any, fleet: tuple[str, str]) -> None:
    with pytest.raises(ClientError, match="Instance fleet id 'if-NONE' is not valid"):
        emr.modify_instance_fleet(ClusterId=fleet[0], InstanceFleet={"InstanceFleetId": "if-NONE"})


def _with_core(**targets: str) -> dict[str, Any]:
    resources: dict[str, Any] = copy.deepcopy(dict(CLUSTER))
    instances = resources["Cluster"]["Properties"]["Instances"]
    instances["CoreInstanceFleet"] = {**targets, "InstanceTypeConfigs": TYPES}
    return resources


def _change_core(client: Client, name: str, **other: str) -> tuple[str, str, list[str]]:
    """Let a stack change its core fleet from four units to eight; return cluster, outcome, and what failed."""
    cloudformation = client("cloudformation")
    cluster_id = make_stack(client, name, _with_core(TargetOnDemandCapacity="4", **other))["Cluster"]
    changed = _with_core(TargetOnDemandCapacity="8", **other)
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": changed}))

    def outcome() -> str:
        state: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return state if state.endswith("COMPLETE") and state != "CREATE_COMPLETE" else ""

    state = wait_for(outcome)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [item["ResourceStatusReason"] for item in events if item["ResourceStatus"] == "UPDATE_FAILED"]
    return cluster_id, state, failed


def test_a_stack_that_names_one_target_cannot_change_its_fleet(client: Client, emr: Any) -> None:
    cluster_id, state, (reason,) = _change_core(client, "one-target")
    assert (state, BOTH in reason) == ("UPDATE_ROLLBACK_COMPLETE", True)
    assert _core(emr, cluster_id)["TargetOnDemandCapacity"] == 4


def test_a_stack_that_names_both_targets_changes_its_fleet_in_place(client: Client, emr: Any) -> None:
    cluster_id, state, failed = _change_core(client, "both-targets", TargetSpotCapacity="0")
    assert (state, failed) == ("UPDATE_COMPLETE", [])
    assert _core(emr, cluster_id)["TargetOnDemandCapacity"] == 8
