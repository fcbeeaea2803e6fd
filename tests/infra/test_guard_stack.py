import json
from collections.abc import Callable
from fnmatch import fnmatch

import pytest
from aws_cdk import cx_api

from infra.templates import Deployment, Resource, as_list, text


def _rule(deployment: Deployment, *, detail_type: str, target: str) -> Resource:
    (rule,) = (
        rule
        for rule in deployment.resources("AWS::Events::Rule")
        if rule.properties["EventPattern"]["detail-type"] == [detail_type]
        and _kind_of_target(deployment, rule) == target
    )
    return rule


def _kind_of_target(deployment: Deployment, rule: Resource) -> str:
    reached = deployment.target(rule.properties["Targets"][0]["Arn"], rule.stack)
    return next(item.kind for item in deployment.resources() if f"{item.stack}#{item.logical_id}" == reached)


def _alarm(deployment: Deployment, metric: str) -> Resource:
    (alarm,) = (
        item for item in deployment.resources("AWS::CloudWatch::Alarm") if item.properties["MetricName"] == metric
    )
    return alarm


def _notified(deployment: Deployment, alarm: Resource) -> bool:
    (topic,) = deployment.resources("AWS::SNS::Topic")
    return {deployment.target(action, alarm.stack) for action in alarm.properties["AlarmActions"]} == {topic.identity}


def test_the_start_of_our_clusters_begins_their_maximum_lifetime(deployment: Deployment) -> None:
    rule = _rule(deployment, detail_type="EMR Cluster State Change", target="AWS::StepFunctions::StateMachine")
    assert rule.properties["State"] == "ENABLED"
    assert rule.properties["EventPattern"]["source"] == ["aws.emr"]
    assert rule.properties["EventPattern"]["detail"] == {"name": ["fruits-demo"], "state": ["STARTING"]}


def test_a_cluster_is_terminated_when_its_lifetime_is_over(deploy: Callable[..., Deployment]) -> None:
    (machine,) = deploy(max_lifetime="90m").resources("AWS::StepFunctions::StateMachine")
    definition = json.loads(text(machine.properties["DefinitionString"]))
    wait = definition["States"][definition["StartAt"]]
    terminate = definition["States"][wait["Next"]]
    assert (wait["Type"], wait["Seconds"]) == ("Wait", 5_400)
    assert terminate["Resource"] == "arn:<AWS::Partition>:states:::aws-sdk:emr:terminateJobFlows"
    assert terminate["Parameters"] == {"JobFlowIds.$": "States.Array($.detail.clusterId)"}
    assert terminate["Retry"]
    assert terminate["End"]


def test_the_state_machine_may_terminate_clusters_of_this_deployment_and_nothing_else(deployment: Deployment) -> None:
    (machine,) = deployment.resources("AWS::StepFunctions::StateMachine")
    role = deployment.target(machine.properties["RoleArn"], machine.stack)
    statements = [
        statement
        for policy in deployment.resources("AWS::IAM::Policy")
        if role in {deployment.target(name, policy.stack) for name in policy.properties["Roles"]}
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]
    (statement,) = statements
    assert statement["Action"] == "elasticmapreduce:TerminateJobFlows"
    assert text(statement["Resource"]).endswith(":elasticmapreduce:eu-west-3:<AWS::AccountId>:cluster/*")
    assert statement["Condition"] == {
        "StringEquals": {
            "elasticmapreduce:ResourceTag/project": "fruits",
            "elasticmapreduce:ResourceTag/environment": "demo",
        }
    }


def test_our_clusters_carry_the_tags_by_which_the_state_machine_may_terminate_them(deployment: Deployment) -> None:
    (cluster,) = deployment.resources("AWS::EMR::Cluster")
    tags = {tag["Key"]: tag["Value"] for tag in cluster.properties["Tags"]}
    assert tags["project"] == "fruits"
    assert tags["environment"] == "demo"


def test_people_are_told_of_clusters_and_steps_in_a_sentence(deployment: Deployment) -> None:
    for detail_type, states in {
        "EMR Cluster State Change": {"STARTING", "WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS"},
        "EMR Step Status Change": {"COMPLETED", "FAILED", "CANCELLED"},
    }.items():
        rule = _rule(deployment, detail_type=detail_type, target="AWS::SNS::Topic")
        assert set(rule.properties["EventPattern"]["detail"]["state"]) == states
        template = rule.properties["Targets"][0]["InputTransformer"]["InputTemplate"]
        assert "<detail-name> (<detail-clusterId>) in eu-west-3 is <detail-state>." in template


REQUESTED = "Amazon EMR cluster j-1 (fruits-demo) was requested at 2026-11-26 20:00 UTC and is being created."
PLACED = (
    "Amazon EMR cluster j-1 (fruits-demo) is being created in subnet (subnet-1) in VPC (vpc-1) in availability zone"
    " (eu-west-3a), which was chosen from the specified VPC options."
)
ENDED = "Amazon EMR cluster j-1 (fruits-demo) has terminated at 2026-11-26 20:30 UTC."


@pytest.mark.parametrize(("message", "told"), [(REQUESTED, True), (PLACED, False), (ENDED, True)])
def test_a_start_is_told_once_though_emr_sends_it_twice(message: str, told: bool, deployment: Deployment) -> None:
    rule = _rule(deployment, detail_type="EMR Cluster State Change", target="AWS::SNS::Topic")
    (pattern,) = rule.properties["EventPattern"]["detail"]["message"]
    assert fnmatch(message, pattern["anything-but"]["wildcard"]) is not told


def test_steps_are_known_by_the_name_of_their_cluster(deployment: Deployment) -> None:
    rule = _rule(deployment, detail_type="EMR Step Status Change", target="AWS::SNS::Topic")
    (pattern,) = rule.properties["EventPattern"]["detail"]["name"]
    (cluster,) = deployment.resources("AWS::EMR::Cluster")
    assert pattern == {"prefix": f"{cluster.properties['Name']} "}
    assert all(step["Name"].startswith(pattern["prefix"]) for step in cluster.properties["Steps"])


def test_the_budget_tells_the_topic_at_each_threshold(deploy: Callable[..., Deployment]) -> None:
    (budget,) = deploy(budget=35).resources("AWS::Budgets::Budget")
    assert budget.properties["Budget"]["BudgetLimit"] == {"Amount": 35, "Unit": "USD"}
    assert budget.properties["Budget"]["TimeUnit"] == "MONTHLY"
    thresholds = [
        (item["Notification"]["NotificationType"], item["Notification"]["Threshold"])
        for item in budget.properties["NotificationsWithSubscribers"]
    ]
    assert thresholds == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    for item in budget.properties["NotificationsWithSubscribers"]:
        assert [subscriber["SubscriptionType"] for subscriber in item["Subscribers"]] == ["SNS"]


def test_the_budget_counts_the_whole_account(deployment: Deployment) -> None:
    (budget,) = deployment.resources("AWS::Budgets::Budget")
    assert not {"CostFilters", "FilterExpression"} & budget.properties["Budget"].keys()


def test_budgets_and_alarms_of_this_account_may_publish_and_only_by_tls(deployment: Deployment) -> None:
    (policy,) = deployment.resources("AWS::SNS::TopicPolicy")
    statements = policy.properties["PolicyDocument"]["Statement"]
    publishers = {
        service: statement.get("Condition")
        for statement in statements
        if statement["Effect"] == "Allow"
        for service in as_list(statement["Principal"]["Service"])
    }
    ours = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert publishers["budgets.amazonaws.com"] == ours
    assert publishers["cloudwatch.amazonaws.com"] == ours
    assert publishers["events.amazonaws.com"] is None  # it sends no account, so that a condition would refuse it
    assert any(
        statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in statements
    )


def test_an_e_mail_is_subscribed_to_the_topic(deploy: Callable[..., Deployment]) -> None:
    assert not list(deploy().resources("AWS::SNS::Subscription"))
    (subscription,) = deploy(email="team@example.org").resources("AWS::SNS::Subscription")
    assert subscription.properties["Protocol"] == "email"
    assert subscription.properties["Endpoint"] == "team@example.org"


def test_an_idle_cluster_raises_an_alarm_after_a_quarter_of_an_hour(deployment: Deployment) -> None:
    alarm = _alarm(deployment, "IsIdle")
    (cluster,) = deployment.resources("AWS::EMR::Cluster")
    properties = alarm.properties
    assert properties["Namespace"] == "AWS/ElasticMapReduce"
    assert properties["Dimensions"] == [{"Name": "JobFlowId", "Value": {"Ref": cluster.logical_id}}]
    assert properties["Period"] * properties["EvaluationPeriods"] == 900
    assert _notified(deployment, alarm)


@pytest.mark.parametrize(
    ("metric", "namespace", "dimension", "kind"),
    [
        ("FailedInvocations", "AWS/Events", "RuleName", "AWS::Events::Rule"),
        ("ExecutionsFailed", "AWS/States", "StateMachineArn", "AWS::StepFunctions::StateMachine"),
    ],
)
def test_a_maximum_lifetime_that_does_not_work_is_told_at_once(
    metric: str, namespace: str, dimension: str, kind: str, deployment: Deployment
) -> None:
    alarm = _alarm(deployment, metric)
    assert alarm.properties["Namespace"] == namespace
    ((named, value),) = ((item["Name"], item["Value"]) for item in alarm.properties["Dimensions"])
    watched = {item.identity: item for item in deployment.resources(kind)}[deployment.target(value, alarm.stack)]
    assert named == dimension
    assert "StateMachine" in watched.kind or _kind_of_target(deployment, watched) == "AWS::StepFunctions::StateMachine"
    assert (alarm.properties["Threshold"], alarm.properties["EvaluationPeriods"]) == (1, 1)
    assert alarm.properties["TreatMissingData"] == "notBreaching"
    assert _notified(deployment, alarm)


def test_where_cloudformation_knows_no_budgets_the_budget_has_a_stack_elsewhere_in_the_union(
    deploy: Callable[..., Deployment],
) -> None:
    deployment = deploy(region="eu-south-1", email="team@example.org")
    (budget,) = deployment.resources("AWS::Budgets::Budget")
    regions = {template.path: template.region for template in deployment.templates}
    assert regions.pop(budget.stack) == "eu-central-1"
    assert set(regions.values()) == {"eu-south-1"}
    told = [item for item in deployment.resources("AWS::SNS::Subscription") if item.stack == budget.stack]
    assert [item.properties["Endpoint"] for item in told] == ["team@example.org"]


def test_a_deployment_that_tells_nobody_says_so_at_synth(
    assembly: Callable[..., cx_api.CloudAssembly],
) -> None:
    for email, warnings in ((None, 1), ("team@example.org", 0)):
        stack = next(stack for stack in assembly(email=email).stacks if stack.id == "FruitsGuard")
        assert sum("nobody learns" in str(message.entry.data) for message in stack.messages) == warnings
