"""Runs that start by themselves: the cluster of the stack again, with the rights of the schedule's role."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from tests.ops.commands import fruits_with
from tests.rehearsal.clusters import wait_for
from tests.rehearsal.nodes import create_stack
from tests.rehearsal.switches import Switches
from tests.rehearsal.templates import template

if TYPE_CHECKING:
    from types_boto3_emr.type_defs import StepSummaryTypeDef

STACKS = ("FruitsStorage", "FruitsNetwork", "FruitsGuard", "FruitsCompute")
OF_ONE_CLUSTER = {"Id", "ClusterArn", "Status", "MasterPublicDnsName", "NormalizedInstanceHours"}


@dataclass(frozen=True)
class Account:
    """An account with all stacks, whose job runs once a day, not about now."""

    aws: EmbeddedAws
    client: Client

    def clusters(self) -> dict[str, Mapping[str, Any]]:
        """All clusters by their ids."""
        return {item["Id"]: item for item in self.client("emr").list_clusters()["Clusters"]}

    def started_within(self, *, minutes: float = 0, days: float = 0) -> list[Mapping[str, Any]]:
        """Let time pass; return the clusters that have started."""
        before = self.clusters()
        Switches(self.aws).advance(minutes=minutes, days=days)
        return [item for name, item in self.clusters().items() if name not in before]

    def steps(self, cluster: Mapping[str, Any]) -> "list[StepSummaryTypeDef]":
        return self.client("emr").list_steps(ClusterId=cluster["Id"])["Steps"]


@pytest.fixture(scope="module")
def account(aws: EmbeddedAws, client: Client, synthesise: Callable[..., Path]) -> Account:
    app = synthesise(schedule=(datetime.now(tz=UTC) + timedelta(hours=12)).strftime("%H:%M"))
    for stack in STACKS:
        create_stack(client, f"{stack}-demo", template(app, stack))
    return Account(aws, client)


def _described(client: Client, cluster_id: str) -> Mapping[str, Any]:
    cluster = client("emr").describe_cluster(ClusterId=cluster_id)["Cluster"]
    shown: dict[str, Any] = {key: value for key, value in cluster.items() if key not in OF_ONE_CLUSTER}
    shown["Tags"] = {tag["Key"]: tag["Value"] for tag in shown["Tags"] if not tag["Key"].startswith("aws:")}
    shown["Configurations"] = [_without_what_is_empty(item) for item in shown["Configurations"]]
    bootstrap = client("emr").list_bootstrap_actions(ClusterId=cluster_id)["BootstrapActions"]
    return {**shown, "Bootstrap": bootstrap, "Fleets": _fleets(client, cluster_id), "Stops": _stops(client, cluster_id)}


def _without_what_is_empty(configuration: Mapping[str, Any]) -> dict[str, Any]:
    nested = [_without_what_is_empty(item) for item in configuration.get("Configurations", ())]
    return {key: value for key, value in {**configuration, "Configurations": nested}.items() if value}


def _fleets(client: Client, cluster_id: str) -> list[dict[str, Any]]:
    fleets = client("emr").list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    own = {"Id", "Status"}
    return [{key: value for key, value in fleet.items() if key not in own} for fleet in fleets]


def _stops(client: Client, cluster_id: str) -> list[Any]:
    emr = client("emr")
    idle = emr.get_auto_termination_policy(ClusterId=cluster_id)["AutoTerminationPolicy"]
    return [idle, emr.get_managed_scaling_policy(ClusterId=cluster_id)["ManagedScalingPolicy"]]


def test_a_day_later_the_cluster_of_the_stack_starts_again_with_a_run_of_its_own(account: Account) -> None:
    (first,) = account.clusters().values()
    (again,) = account.started_within(days=1)
    assert again["Name"] == first["Name"] == "fruits-demo"
    assert _described(account.client, again["Id"]) == _described(account.client, first["Id"])
    (before,), (after,) = account.steps(first), account.steps(again)
    assert (before["Name"], after["Name"][:22]) == ("fruits-demo first", "fruits-demo scheduled-")
    arguments = [step["Config"]["Args"] for step in (before, after)]
    assert [one for one in arguments[0] if one not in arguments[1]] == ["first"]
    assert [one for one in arguments[1] if one not in arguments[0]] == [after["Name"].removeprefix("fruits-demo ")]


def test_each_day_brings_one_run_and_the_minute_after_it_none(account: Account) -> None:
    started = [*account.started_within(days=1), *account.started_within(days=1)]
    names = {step["Name"] for cluster in started for step in account.steps(cluster)}
    assert len(names) == len(started) == 2
    assert account.started_within(minutes=1) == []


@pytest.mark.parametrize("right", ["elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags", "iam:PassRole"])
def test_without_a_right_no_cluster_starts_and_the_reason_is_logged(account: Account, right: str) -> None:
    iam, scheduler = account.client("iam"), account.client("scheduler")
    (schedule,) = scheduler.list_schedules()["Schedules"]
    target = scheduler.get_schedule(GroupName="fruits-demo", Name=schedule["Name"])["Target"]
    role = target["RoleArn"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = [item for item in document["Statement"] if item["Action"] != right]
    assert len(less) < len(document["Statement"])
    policy = {"RoleName": role, "PolicyName": name}
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document | {"Statement": less}))
    try:
        assert account.started_within(days=1) == []
        wait_for(lambda: f"not authorized to perform: {right}" in account.aws.log.read_text(encoding="utf-8"))
    finally:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))


def test_to_destroy_ends_what_the_schedule_has_started_and_then_nothing_starts(account: Account) -> None:
    fruits = fruits_with(account.aws)
    assert account.started_within(days=1)
    found = json.loads(fruits("leaks", "-c", "env=demo", "--json").stdout)
    kinds = {item["kind"]: item["stack"] for item in found["leftovers"]}
    assert (kinds["schedule"], kinds["schedule group"]) == ("FruitsCompute-demo", "FruitsCompute-demo")
    said = fruits("destroy", "--yes")
    assert said.exit_code == 0, said.output
    assert {item["Status"]["State"] for item in account.clusters().values()} == {"TERMINATED"}
    assert account.client("scheduler").list_schedules()["Schedules"] == []
    assert account.started_within(days=1) == []
