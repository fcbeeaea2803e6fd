"""Rules against a bill that nobody noticed: idle stop, maximum lifetime, budget, no NAT, no Lambda."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.templates import Deployment, Finding, Resource, as_list, text

CLUSTER = "AWS::EMR::Cluster"
_STATE_CHANGE = "EMR Cluster State Change"
_WEEK = 7 * 86_400
_TIMEOUT = "livy.server.session.timeout"
_SKIP_BUSY = "livy.server.session.timeout-check.skip-busy"


def idle_stop(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster ends by itself when idle."""
    for cluster in deployment.resources(CLUSTER):
        timeout = cluster.properties.get("AutoTerminationPolicy", {}).get("IdleTimeout", 0)
        if not 60 <= timeout <= _WEEK:
            yield cluster.finding("idle-stop", "has no idle stop; set AutoTerminationPolicy.IdleTimeout to 60-604800 s")


def notebook_sessions(deployment: Deployment) -> Iterator[Finding]:
    """Livy ends a session of a notebook after the time of the idle stop, and only one that does nothing.

    One left open would keep the cluster; and by Livy's default one at work is ended, too, in the midst of a cell.
    """
    if not any(deployment.resources("AWS::EMR::Studio")):
        return
    for cluster in deployment.resources(CLUSTER):
        seconds = cluster.properties.get("AutoTerminationPolicy", {}).get("IdleTimeout", 0)
        livy = _livy_settings(cluster)
        for key, wanted, fault in (
            (_TIMEOUT, f"{seconds}s", "keeps sessions of notebooks for another time than its idle stop"),
            (_SKIP_BUSY, "true", "ends sessions of notebooks in the midst of a cell that takes long"),
        ):
            if livy.get(key) != wanted:
                yield cluster.finding("notebook-sessions", f"{fault}; set {key} of livy-conf to {wanted}")


def maximum_lifetime(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster's start begins a state machine that waits, at most a week, and then terminates it."""
    for cluster in deployment.resources(CLUSTER):
        if not 0 < (seconds_to_live(deployment, cluster) or 0) <= _WEEK:
            yield cluster.finding(
                "maximum-lifetime",
                f"has no maximum lifetime; add MaximumLifetime for clusters named {cluster.properties.get('Name')}",
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


def seconds_to_live(deployment: Deployment, cluster: Resource) -> int | None:
    """Return the seconds after which a state machine, begun by the cluster's start, terminates the cluster.

    The shortest if there are several, None if nothing terminates it.
    """
    machines = {machine.identity: machine for machine in deployment.resources("AWS::StepFunctions::StateMachine")}
    targets = (
        deployment.target(target["Arn"], rule.stack)
        for rule in deployment.resources("AWS::Events::Rule")
        if _matches_the_start(rule, cluster.properties.get("Name"))
        for target in as_list(rule.properties.get("Targets"))
    )
    waits = [_wait_before_termination(machines[target]) for target in targets if target in machines]
    return min((wait for wait in waits if wait is not None), default=None)


def _livy_settings(cluster: Resource) -> Mapping[str, str]:
    for item in as_list(cluster.properties.get("Configurations")):
        if item.get("Classification") == "livy-conf":
            found: Mapping[str, str] = item.get("ConfigurationProperties", {})
            return found
    return {}


def _matches_the_start(rule: Resource, cluster_name: Any) -> bool:
    """Return whether a rule matches the event of a cluster's start; what a pattern leaves out, it does not ask for."""
    pattern = rule.properties.get("EventPattern", {})
    detail = pattern.get("detail", {})
    return (
        rule.properties.get("State", "ENABLED") == "ENABLED"  # CloudFormation's default
        and "aws.emr" in pattern.get("source", [])
        and _STATE_CHANGE in pattern.get("detail-type", [_STATE_CHANGE])
        and "STARTING" in detail.get("state", ["STARTING"])
        and cluster_name in detail.get("name", [cluster_name])
    )


def _wait_before_termination(machine: Resource) -> int | None:
    definition = json.loads(text(machine.properties.get("DefinitionString", "{}")))
    states = definition.get("States", {})
    first = states.get(definition.get("StartAt"), {})
    second = str(states.get(first.get("Next"), {}).get("Resource", "")).lower()
    terminates = second.endswith(("emr:terminatejobflows", "elasticmapreduce:terminatecluster"))
    return int(first["Seconds"]) if first.get("Type") == "Wait" and "Seconds" in first and terminates else None


def _warns(item: Resource) -> bool:
    limit = item.properties.get("Budget", {}).get("BudgetLimit", {}).get("Amount", 0)
    notifications = as_list(item.properties.get("NotificationsWithSubscribers"))
    return float(limit) > 0 and any(notification.get("Subscribers") for notification in notifications)
