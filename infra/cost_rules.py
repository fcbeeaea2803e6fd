"""Rules against a bill that nobody noticed: idle stop, maximum lifetime, budget, no NAT, no Lambda."""

import json
from collections.abc import Iterator
from typing import Any

from infra.templates import Deployment, Finding, Resource, as_list, text

CLUSTER = "AWS::EMR::Cluster"
_WEEK = 7 * 86_400


def idle_stop(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster ends by itself when idle."""
    for cluster in deployment.resources(CLUSTER):
        timeout = cluster.properties.get("AutoTerminationPolicy", {}).get("IdleTimeout", 0)
        if not 60 <= timeout <= _WEEK:
            yield cluster.finding("idle-stop", "has no idle stop; set AutoTerminationPolicy.IdleTimeout to 60-604800 s")


def maximum_lifetime(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster's start begins a state machine that waits and then terminates it."""
    for cluster in deployment.resources(CLUSTER):
        name = cluster.properties.get("Name")
        if not any(_limits_life(deployment, rule, name) for rule in deployment.resources("AWS::Events::Rule")):
            yield cluster.finding(
                "maximum-lifetime",
                f"has no maximum lifetime; add MaximumLifetime for clusters named {name}",
            )


def budget(deployment: Deployment) -> Iterator[Finding]:
    """Where there is a cluster there is a budget that tells somebody."""
    for cluster in deployment.resources(CLUSTER):
        if not any(_warns(item) for item in deployment.resources("AWS::Budgets::Budget")):
            yield cluster.finding("budget", "has no budget that tells anybody; add MonthlyBudget with a topic")


def no_internet(deployment: Deployment) -> Iterator[Finding]:
    """No NAT gateway, which bills by the hour, and no way from or to the internet."""
    for gateway in deployment.resources(
        "AWS::EC2::NatGateway",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::VPCGatewayAttachment",
    ):
        yield gateway.finding("no-internet", f"is a {gateway.kind}; keep the subnets isolated, S3 has its endpoint")
    for subnet in deployment.resources("AWS::EC2::Subnet"):
        if subnet.properties.get("MapPublicIpOnLaunch"):
            yield subnet.finding("no-internet", "gives nodes public addresses; keep the subnets isolated")


def no_functions(deployment: Deployment) -> Iterator[Finding]:
    """No custom resource and no Lambda: a deployment hangs where they fail, and their log groups stay."""
    for resource in deployment.resources():
        if resource.kind.startswith(("Custom::", "AWS::Lambda::", "AWS::CloudFormation::CustomResource")):
            yield resource.finding("no-functions", f"is a {resource.kind}; find a way without custom resources")


def _limits_life(deployment: Deployment, rule: Resource, cluster_name: Any) -> bool:
    pattern = rule.properties.get("EventPattern", {})
    detail = pattern.get("detail", {})
    if (
        rule.properties.get("State") != "ENABLED"
        or "aws.emr" not in pattern.get("source", [])
        or "EMR Cluster State Change" not in pattern.get("detail-type", [])
        or "STARTING" not in detail.get("state", ["STARTING"])
        or cluster_name not in detail.get("name", [cluster_name])
    ):
        return False
    machines = {machine.identity: machine for machine in deployment.resources("AWS::StepFunctions::StateMachine")}
    targets = (deployment.target(target["Arn"], rule.stack) for target in as_list(rule.properties.get("Targets")))
    return any(target in machines and _waits_then_terminates(machines[target]) for target in targets)


def _waits_then_terminates(machine: Resource) -> bool:
    definition = json.loads(text(machine.properties.get("DefinitionString", "{}")))
    states = definition.get("States", {})
    first = states.get(definition.get("StartAt"), {})
    second = states.get(first.get("Next"), {})
    return (
        first.get("Type") == "Wait"
        and 0 < first.get("Seconds", 0) <= _WEEK
        and str(second.get("Resource", ""))
        .lower()
        .endswith(("emr:terminatejobflows", "elasticmapreduce:terminatecluster"))
    )


def _warns(item: Resource) -> bool:
    limit = item.properties.get("Budget", {}).get("BudgetLimit", {}).get("Amount", 0)
    notifications = as_list(item.properties.get("NotificationsWithSubscribers"))
    return float(limit) > 0 and any(notification.get("Subscribers") for notification in notifications)
