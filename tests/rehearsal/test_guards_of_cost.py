"""The deployed guards work with the rights as deployed: people are told, and no cluster outlives its lifetime."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import Client
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from tests.rehearsal.clusters import TAGS, make_roles, run_cluster, status, step, wait_for, wait_for_state
from tests.rehearsal.queues import queue_of_rule, queue_of_topic
from tests.rehearsal.templates import template

# Two hours, the longest life of the environment "demo", are then 1.4 seconds.
HURRY = 0.0002


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS where state machines hardly wait."""
    with embedded_aws(tmp_path_factory.mktemp("hasty"), wait_scale=HURRY) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(hasty: EmbeddedAws, synthesise: Callable[..., Path]) -> Client:
    """Clients of an account with the guards' stack, and roles for clusters."""
    client = clients_of(hasty)
    make_roles(client)
    _deploy(client, template(synthesise(), "FruitsGuard"))
    return client


def _deploy(client: Client, content: dict[str, Any]) -> None:
    cloudformation: Any = client("cloudformation")  # stubs know literal names alone
    client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True)
    kind = "update" if cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] else "create"
    getattr(cloudformation, f"{kind}_stack")(
        StackName="FruitsGuard-demo", TemplateBody=json.dumps(content), Capabilities=["CAPABILITY_IAM"]
    )
    waiter = cloudformation.get_waiter(f"stack_{kind}_complete")
    waiter.wait(StackName="FruitsGuard-demo", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_a_cluster_lives_no_longer_than_its_maximum_lifetime_and_people_are_told(guarded: Client) -> None:
    (topic,) = guarded("sns").list_topics()["Topics"]
    read = queue_of_topic(guarded, topic["TopicArn"])
    cluster_id = run_cluster(guarded, Name="fruits-demo", Steps=[step("fruits-demo job")])
    ended = wait_for_state(guarded, cluster_id, "TERMINATED")
    assert ended["StateChangeReason"]["Code"] == "USER_REQUEST"
    told = wait_for(lambda: (text := "\n".join(read())).count(cluster_id) >= 3 and text)
    assert f"fruits-demo ({cluster_id}) in eu-west-3 is STARTING." in told
    assert f"fruits-demo ({cluster_id}) in eu-west-3 is TERMINATED." in told
    assert f"fruits-demo job ({cluster_id}) in eu-west-3 is CANCELLED." in told


def test_a_cluster_with_several_subnets_starts_twice_and_is_ended_twice_which_harms_nothing(guarded: Client) -> None:
    subnets = _subnets(guarded)
    read = queue_of_rule(guarded, {"source": ["aws.emr"], "detail": {"state": ["STARTING"]}})
    cluster_id = _run_with(guarded, subnets)
    first, second = wait_for(lambda: len(found := _about(read(), cluster_id)) == 2 and found)
    assert "is STARTING" in first
    assert f"in subnet ({subnets[0]})" in second
    assert second.endswith("which was chosen from the specified VPC options.")
    outcomes = wait_for(lambda: len(found := _ended_executions(guarded, cluster_id)) == 2 and found)
    assert outcomes == ["SUCCEEDED", "SUCCEEDED"]
    assert status(guarded, cluster_id)["StateChangeReason"]["Code"] == "USER_REQUEST"


def test_of_the_life_of_a_cluster_people_are_told_each_state_once(guarded: Client) -> None:
    (topic,) = guarded("sns").list_topics()["Topics"]
    read = queue_of_topic(guarded, topic["TopicArn"], name="once")
    cluster_id = _run_with(guarded, _subnets(guarded))
    wait_for(lambda: len(_ended_executions(guarded, cluster_id)) == 2)
    told = wait_for(lambda: (texts := _told_of(read(), cluster_id)).count("TERMINATED") and texts)
    assert sorted(told) == ["STARTING", "TERMINATED", "WAITING"]


def _told_of(texts: list[str], cluster_id: str) -> list[str]:
    """Return the states in what people are told of a cluster; a text of another form is told as it is."""
    form = re.compile(rf'"fruits-demo \({cluster_id}\) in eu-west-3 is (\w+)\. .*"')
    return [found[1] if (found := form.fullmatch(text)) else text for text in texts if cluster_id in text]


def _subnets(client: Client) -> list[str]:
    found = [item["SubnetId"] for item in client("ec2").describe_subnets()["Subnets"]]
    assert len(found) > 1
    return found


def _run_with(client: Client, subnets: list[str]) -> str:
    primary = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}
    fleet = {**primary, "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
    instances = {"KeepJobFlowAliveWhenNoSteps": True, "Ec2SubnetIds": subnets, "InstanceFleets": [fleet]}
    return run_cluster(client, Name="fruits-demo", Instances=instances)


def _about(events: list[str], cluster_id: str) -> list[str]:
    details = [json.loads(event)["detail"] for event in events]
    return [detail["message"] for detail in details if detail["clusterId"] == cluster_id]


def _ended_executions(client: Client, cluster_id: str) -> list[str]:
    """Return how the guard's executions for a cluster have ended, once none of them runs."""
    machines = client("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]
    listed = machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    shown = [machines.describe_execution(executionArn=item["executionArn"]) for item in listed]
    return [item["status"] for item in shown if cluster_id in item["input"] and item["status"] != "RUNNING"]


def test_a_cluster_of_another_name_is_not_guarded(guarded: Client) -> None:
    machines = guarded("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]
    before = len(machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"])
    cluster_id = run_cluster(guarded, Name="other")
    wait_for_state(guarded, cluster_id, "WAITING")
    after = machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    assert len(after) == before


def test_the_guards_role_ends_only_clusters_with_the_deployments_tags(guarded: Client) -> None:
    cluster_id = run_cluster(guarded, Name="fruits-demo", Tags=TAGS[:1])
    machines = guarded("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]

    def denied() -> Any:
        for execution in machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            if cluster_id in machines.describe_execution(executionArn=execution["executionArn"])["input"]:
                history = machines.get_execution_history(executionArn=execution["executionArn"])["events"]
                return [event["taskFailedEventDetails"] for event in history if event["type"] == "TaskFailed"]
        return None

    first = wait_for(denied)[0]
    assert first["error"] == "Emr.EmrException"
    assert "is not authorized to perform: elasticmapreduce:TerminateJobFlows" in first["cause"]
    assert status(guarded, cluster_id)["State"] == "WAITING"


def test_without_its_right_to_start_the_machine_the_rule_does_nothing(
    guarded: Client, hasty: EmbeddedAws, synthesise: Callable[..., Path]
) -> None:
    content = template(synthesise(), "FruitsGuard")
    for resource in content["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Action"] == "states:StartExecution":
                    statement["Action"] = "states:StopExecution"
    _deploy(guarded, content)
    cluster_id = run_cluster(guarded, Name="fruits-demo")
    wait_for(lambda: "is not authorized to perform: states:StartExecution" in hasty.log.read_text(encoding="utf-8"))
    assert status(guarded, cluster_id)["State"] in ("STARTING", "BOOTSTRAPPING", "WAITING")
