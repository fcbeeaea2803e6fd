"""EMR forgets a cluster two months after its end, and then nobody can ask, change or delete it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from tests.rehearsal.clusters import make_roles, run_cluster, status, step, wait_for, wait_for_state
from tests.rehearsal.small_stacks import CLUSTER, make_stack
from tests.rehearsal.switches import Switches


@pytest.fixture
def emr(client: Client) -> Any:
    make_roles(client)
    return client("emr")


def _forgotten(cluster_id: str) -> str:
    return f"Cluster id '{cluster_id}' is not valid"


def test_a_cluster_is_described_and_listed_for_two_months_after_its_end(
    aws: EmbeddedAws, client: Client, emr: Any
) -> None:
    cluster_id = run_cluster(client)
    Switches(aws).advance(days=100)
    assert status(client, cluster_id)["State"] == "WAITING"
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    Switches(aws).advance(days=59)
    assert status(client, cluster_id)["State"] == "TERMINATED"
    Switches(aws).advance(days=3)
    with pytest.raises(ClientError, match=_forgotten(cluster_id)):
        status(client, cluster_id)
    assert cluster_id not in [item["Id"] for item in emr.list_clusters()["Clusters"]]


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("list_steps", {}),
        ("list_instances", {}),
        ("list_instance_fleets", {}),
        ("list_bootstrap_actions", {}),
        ("get_auto_termination_policy", {}),
        ("put_auto_termination_policy", {"AutoTerminationPolicy": {"IdleTimeout": 600}}),
        ("add_job_flow_steps", {"Steps": [step("late")]}),
        ("terminate_job_flows", {}),
    ],
)
def test_nothing_can_be_asked_of_a_forgotten_cluster(emr: Any, action: str, given: dict[str, Any]) -> None:
    name = {"add_job_flow_steps": "JobFlowId", "terminate_job_flows": "JobFlowIds"}.get(action, "ClusterId")
    cluster = ["j-FORGOTTEN"] if name == "JobFlowIds" else "j-FORGOTTEN"
    with pytest.raises(ClientError, match=_forgotten("j-FORGOTTEN")):
        getattr(emr, action)(**{name: cluster}, **given)


def test_a_stack_cannot_delete_a_forgotten_cluster_but_can_retain_it(
    aws: EmbeddedAws, client: Client, emr: Any
) -> None:
    cluster_id = make_stack(client, "old", CLUSTER)["Cluster"]
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    wait_for_state(client, cluster_id, "TERMINATED")
    Switches(aws).advance(days=62)
    cloudformation = client("cloudformation")
    cloudformation.delete_stack(StackName="old")
    wait_for(lambda: cloudformation.describe_stacks(StackName="old")["Stacks"][0]["StackStatus"] == "DELETE_FAILED")
    events = cloudformation.describe_stack_events(StackName="old")["StackEvents"]
    failed = [item["ResourceStatusReason"] for item in events if item["ResourceStatus"] == "DELETE_FAILED"]
    assert any(_forgotten(cluster_id) in reason for reason in failed)
    cloudformation.delete_stack(StackName="old", RetainResources=["Cluster"])
    wait_for(lambda: "old" not in [item["StackName"] for item in cloudformation.describe_stacks()["Stacks"]])
