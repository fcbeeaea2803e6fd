"""EMR of the embedded AWS, by boto3: states, steps, refusals, and what a node reports."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.node.reports import NodeReports, ReportRefused
from tests.rehearsal.clusters import make_roles, run_cluster, status, step, wait_for_state


@pytest.fixture(scope="module", autouse=True)
def _roles(client: Client) -> None:
    make_roles(client)


@pytest.fixture
def emr(client: Client) -> Any:
    return client("emr")


def _states(emr: Any, cluster_id: str) -> dict[str, str]:
    return {item["Name"]: item["Status"]["State"] for item in emr.list_steps(ClusterId=cluster_id)["Steps"]}


def test_a_cluster_without_a_node_gets_ready_and_nobody_works_on_its_steps(client: Client, emr: Any) -> None:
    cluster_id = run_cluster(client, Steps=[step("one")])
    wait_for_state(client, cluster_id, "RUNNING")
    assert _states(emr, cluster_id) == {"one": "PENDING"}


def test_a_cluster_waits_for_the_reports_of_its_node(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = run_cluster(client, Steps=[step("one")])
    assert status(client, cluster_id)["State"] == "STARTING"
    (fleet,) = emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    assert (fleet["Status"]["State"], fleet["ProvisionedOnDemandCapacity"]) == ("PROVISIONING", 1)
    node.cluster(cluster_id, "BOOTSTRAPPING")
    node.cluster(cluster_id, "RUNNING")
    (fleet,) = emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    assert (fleet["Status"]["State"], fleet["ProvisionedOnDemandCapacity"]) == ("RUNNING", 1)
    (only,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    node.step(cluster_id, only["Id"], "RUNNING")
    node.step(cluster_id, only["Id"], "COMPLETED")
    node.cluster(cluster_id, "WAITING")
    timeline = emr.describe_step(ClusterId=cluster_id, StepId=only["Id"])["Step"]["Status"]["Timeline"]
    assert timeline["CreationDateTime"] <= timeline["StartDateTime"] <= timeline["EndDateTime"]
    assert "ReadyDateTime" in status(client, cluster_id)["Timeline"]


def test_a_state_that_cannot_follow_is_refused(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = run_cluster(client, Steps=[step("one")])
    with pytest.raises(ReportRefused, match="is STARTING: it cannot become WAITING"):
        node.cluster(cluster_id, "WAITING")
    (only,) = emr.list_steps(ClusterId=cluster_id)["Steps"]
    with pytest.raises(ReportRefused, match="is PENDING: it cannot become COMPLETED"):
        node.step(cluster_id, only["Id"], "COMPLETED")


def test_a_failed_step_shows_why_and_its_cluster_goes_on(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = _running(client, node, step("one"), step("two"))
    first = emr.list_steps(ClusterId=cluster_id)["Steps"][-1]
    failure = {"Reason": "Unknown Error.", "Message": "ValueError: no photographs", "LogFile": "s3://logs/stderr.gz"}
    node.step(cluster_id, first["Id"], "RUNNING")
    node.step(cluster_id, first["Id"], "FAILED", failure=failure)
    shown = emr.describe_step(ClusterId=cluster_id, StepId=first["Id"])["Step"]["Status"]
    assert shown["FailureDetails"] == failure
    assert _states(emr, cluster_id) == {"one": "FAILED", "two": "PENDING"}
    assert status(client, cluster_id)["State"] == "RUNNING"


def test_a_failed_step_can_cancel_the_steps_after_it(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = _running(client, node, step("one", "CANCEL_AND_WAIT"), step("two"))
    _fail_first(emr, node, cluster_id)
    assert _states(emr, cluster_id) == {"one": "FAILED", "two": "CANCELLED"}


def test_a_failed_step_can_end_its_cluster(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = _running(client, node, step("one", "TERMINATE_CLUSTER"), step("two"))
    _fail_first(emr, node, cluster_id)
    assert status(client, cluster_id)["State"] == "TERMINATING"
    node.cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="STEP_FAILURE", message="Shut down as step failed")
    assert status(client, cluster_id)["StateChangeReason"]["Code"] == "STEP_FAILURE"
    assert _states(emr, cluster_id) == {"one": "FAILED", "two": "CANCELLED"}


def test_the_newest_step_is_listed_first(client: Client, emr: Any) -> None:
    cluster_id = run_cluster(client, Steps=[step("one")])
    emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step("two")])
    assert [item["Name"] for item in emr.list_steps(ClusterId=cluster_id)["Steps"]] == ["two", "one"]


def test_cancelling_a_running_step_asks_its_node(client: Client, emr: Any, node: NodeReports) -> None:
    cluster_id = _running(client, node, step("one"), step("two"))
    two, one = (item["Id"] for item in emr.list_steps(ClusterId=cluster_id)["Steps"])
    node.step(cluster_id, one, "RUNNING")
    emr.cancel_steps(ClusterId=cluster_id, StepIds=[one, two])
    assert _states(emr, cluster_id) == {"one": "CANCEL_PENDING", "two": "CANCELLED"}
    node.step(cluster_id, one, "CANCELLED")
    assert _states(emr, cluster_id)["one"] == "CANCELLED"


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("add_job_flow_steps", {"JobFlowId": "", "Steps": [step("late")]}),
        ("put_auto_termination_policy", {"ClusterId": "", "AutoTerminationPolicy": {"IdleTimeout": 600}}),
        ("modify_cluster", {"ClusterId": "", "StepConcurrencyLevel": 2}),
    ],
)
def test_a_cluster_that_has_ended_is_not_changed(client: Client, emr: Any, action: str, given: dict[str, Any]) -> None:
    cluster_id = run_cluster(client)
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    assert status(client, cluster_id)["State"] == "TERMINATED"
    named = {key: value or cluster_id for key, value in given.items()}
    with pytest.raises(ClientError, match="has already finished, may not be modified"):
        getattr(emr, action)(**named)


def test_a_protected_cluster_is_not_terminated(client: Client, emr: Any) -> None:
    cluster_id = run_cluster(client)
    emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=True)
    with pytest.raises(ClientError, match="termination protected"):
        emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"JobFlowRole": "nobody"}, "Invalid InstanceProfile: nobody"),
        ({"ServiceRole": "nobody"}, "Invalid ServiceRole: nobody"),
        ({"SecurityConfiguration": "none"}, "Security configuration with name 'none' does not exist"),
        ({"Instances": {"Ec2SubnetIds": ["subnet-none"]}}, "The subnet ID 'subnet-none' does not exist"),
        ({"Instances": {"ServiceAccessSecurityGroup": "sg-none"}}, "The security group 'sg-none' does not exist"),
        ({"AutoTerminationPolicy": {"IdleTimeout": 59}}, "Idle timeout 59 must be between 60 and 604800"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(client: Client, emr: Any, given: dict[str, Any], message: str) -> None:
    before = len(emr.list_clusters()["Clusters"])
    with pytest.raises(ClientError, match=message):
        run_cluster(client, **given)
    assert len(emr.list_clusters()["Clusters"]) == before


def test_a_service_role_that_may_not_pass_the_nodes_role_ends_the_cluster(client: Client) -> None:
    make_roles(client, service="emr-service-without-pass", passes=False)
    cluster_id = run_cluster(client, ServiceRole="emr-service-without-pass")
    ended = wait_for_state(client, cluster_id, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "VALIDATION_ERROR"
    assert "iam:PassRole" in ended["StateChangeReason"]["Message"]


def test_a_security_configuration_in_use_is_not_deleted(client: Client, emr: Any) -> None:
    emr.create_security_configuration(Name="in-use", SecurityConfiguration="{}")
    cluster_id = run_cluster(client, SecurityConfiguration="in-use")
    with pytest.raises(ClientError, match=f"'in-use' is used by {cluster_id}"):
        emr.delete_security_configuration(Name="in-use")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    emr.delete_security_configuration(Name="in-use")


def _running(client: Client, node: NodeReports, *steps: dict[str, Any]) -> str:
    cluster_id = run_cluster(client, Steps=list(steps))
    node.cluster(cluster_id, "BOOTSTRAPPING")
    node.cluster(cluster_id, "RUNNING")
    return cluster_id


def _fail_first(emr: Any, node: NodeReports, cluster_id: str) -> None:
    first = emr.list_steps(ClusterId=cluster_id)["Steps"][-1]
    node.step(cluster_id, first["Id"], "RUNNING")
    node.step(cluster_id, first["Id"], "FAILED")
