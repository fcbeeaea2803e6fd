"""What watches, tells and starts: log groups, alarms, dashboards, rules, topics, schedules, machines, budgets."""

from collections.abc import Iterator
from typing import Final

from infra.residency import EU_REGIONS
from ops.aws.account import Client
from ops.pricing.amount import FREE
from ops.teardown.leaks.scope import Claim, Leftover, Scope, Sweeper, pages

_GIB: Final = 2**30


def _log_groups(client: Client, scope: Scope) -> Iterator[Leftover]:
    for group in pages(client("logs"), "describe_log_groups", "logGroups"):
        name, size = group["logGroupName"], group.get("storedBytes", 0) / _GIB
        claims = [scope.by_arn(group["arn"].removesuffix(":*"))]
        claims += [scope.by_name(part) or scope.by_cluster(part) for part in name.split("/")]
        if claim := next(filter(None, claims), None):
            yield Leftover(
                kind="log group",
                id=name,
                claim=claim,
                monthly=scope.prices.logs(size, scope.region) if size else FREE,
                command=scope.aws(f"logs delete-log-group --log-group-name {name}"),
                detail=(f"{size:.2f} GiB" if size else "empty")
                + ("" if "retentionInDays" in group else ", never expires"),
            )


def _alarms(client: Client, scope: Scope) -> Iterator[Leftover]:
    for page in client("cloudwatch").get_paginator("describe_alarms").paginate():
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())):
            name = alarm["AlarmName"]
            clusters = [item["Value"] for item in alarm.get("Dimensions", ()) if item["Name"] == "JobFlowId"]
            claims = [scope.by_name(name), scope.by_arn(alarm["AlarmArn"]), *map(scope.by_cluster, clusters)]
            if claim := next(filter(None, claims), None):
                yield Leftover(
                    kind="alarm",
                    id=name,
                    claim=claim,
                    monthly=scope.prices.alarm(scope.region),
                    command=scope.aws(f"cloudwatch delete-alarms --alarm-names {name}"),
                )


def _dashboards(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("cloudwatch"), "list_dashboards", "DashboardEntries"):
        name = item["DashboardName"]
        if claim := scope.by_name(name) or scope.by_arn(item.get("DashboardArn", "")):
            yield Leftover(
                kind="dashboard",
                id=name,
                claim=claim,
                monthly=scope.prices.dashboard(scope.region),
                command=scope.aws(f"cloudwatch delete-dashboards --dashboard-names {name}"),
                detail="an account has three for free",
            )


def _rules(client: Client, scope: Scope) -> Iterator[Leftover]:
    for rule in pages(client("events"), "list_rules", "Rules"):
        if claim := _named(scope, rule["Name"], rule["Arn"]):
            yield Leftover(
                kind="event rule",
                id=rule["Name"],
                claim=claim,
                command=scope.aws(f"events delete-rule --name {rule['Name']}"),
                detail="remove its targets first",
            )


def _topics(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("sns"), "list_topics", "Topics"):
        arn = item["TopicArn"]
        if claim := _named(scope, arn.rpartition(":")[2], arn):
            command = scope.aws(f"sns delete-topic --topic-arn {arn}")
            yield Leftover(kind="topic", id=arn, claim=claim, command=command)


def _schedules(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("scheduler"), "list_schedules", "Schedules"):
        name, group = item["Name"], item["GroupName"]
        if claim := scope.by_name(name, usual="FruitsCompute") or scope.by_name(group, usual="FruitsCompute"):
            yield Leftover(
                kind="schedule",
                id=name,
                claim=claim,
                command=scope.aws(f"scheduler delete-schedule --group-name {group} --name {name}"),
                detail="starts a cluster each time" if item.get("State") == "ENABLED" else "disabled",
            )


def _schedule_groups(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("scheduler"), "list_schedule_groups", "ScheduleGroups"):
        name = item["Name"]
        if claim := scope.by_name(name, usual="FruitsCompute") or scope.by_arn(item["Arn"]):
            command = scope.aws(f"scheduler delete-schedule-group --name {name}")
            yield Leftover(kind="schedule group", id=name, claim=claim, command=command)


def _state_machines(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("stepfunctions"), "list_state_machines", "stateMachines"):
        arn = item["stateMachineArn"]
        if claim := _named(scope, item["name"], arn):
            command = scope.aws(f"stepfunctions delete-state-machine --state-machine-arn {arn}")
            yield Leftover(kind="state machine", id=item["name"], claim=claim, command=command)


def _budgets(client: Client, scope: Scope) -> Iterator[Leftover]:
    stack = "FruitsGuard" if EU_REGIONS[scope.region].knows_budgets else "FruitsBudget"
    for item in pages(client("budgets"), "describe_budgets", "Budgets", AccountId=scope.account):
        name = item["BudgetName"]
        if claim := scope.by_name(name, usual=stack):
            command = f"aws budgets delete-budget --account-id {scope.account} --budget-name {name}"
            yield Leftover(kind="budget", id=name, claim=claim, command=command)


def _named(scope: Scope, name: str, arn: str) -> Claim | None:
    return scope.by_name(name) or scope.by_arn(arn)


SWEEPERS: Final = (
    Sweeper("log groups", _log_groups, ("logs",)),
    Sweeper("alarms", _alarms, ("cloudwatch",)),
    Sweeper("dashboards", _dashboards, ("cloudwatch",)),
    Sweeper("event rules", _rules, ("events",)),
    Sweeper("topics", _topics, ("sns",)),
    Sweeper("schedules", _schedules, ("scheduler",)),
    Sweeper("schedule groups", _schedule_groups, ("scheduler",)),
    Sweeper("state machines", _state_machines, ("stepfunctions",)),
    Sweeper("budgets", _budgets, ("budgets",), once=True),
)
