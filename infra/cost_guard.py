"""Cost that stops by itself: a monthly budget that warns, and a longest life for every cluster."""

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.acknowledgements import acknowledge, acknowledge_wildcard
from infra.alarms import FailureAlarm
from infra.notifications import CLUSTER_CHANGE, NotificationTopic

_ACTUAL_SHARES = (50, 80, 100)


class MonthlyBudget(Construct):
    """A budget of the whole account that tells a topic at 50, 80 and 100 %, and when a forecast passes 100 %.

    Of the whole account on purpose: a filter by tag sees nothing until somebody has activated the tag for
    cost allocation, and a budget that sees nothing never warns.

    Parameters
    ----------
    name
        Name of the budget.
    us_dollars
        Limit for a month.
    notifications
        Topic that hears of every threshold passed.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, us_dollars: int, notifications: NotificationTopic
    ) -> None:
        super().__init__(scope, construct_id)
        topic = notifications.topic
        thresholds = [*(("ACTUAL", share) for share in _ACTUAL_SHARES), ("FORECASTED", 100)]
        budget = budgets.CfnBudget(
            self,
            "Resource",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=us_dollars, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind, comparison_operator="GREATER_THAN", threshold=share
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
                    ],
                )
                for kind, share in thresholds
            ],
        )
        # Budgets checks, when it is made, that it may publish.
        budget.node.add_dependency(notifications.policy)


class MaximumLifetime(Construct):
    """Terminates every cluster of one name when its time is up, whatever it is doing.

    The event of its start begins an execution that waits and then ends that cluster. EMR sends that event twice for
    fleets with several subnets, and EventBridge may send any event again; it cannot name an execution by its cluster,
    which would be refused the second time. Nor need it: ending a cluster that has already ended changes nothing.

    Parameters
    ----------
    cluster_name
        Name of the clusters to end.
    tags
        Tags of the clusters; without them a cluster cannot be terminated.
    lifetime
        Time from the start of a cluster to its end.
    topic
        Topic of the alarms on this guard: without them nobody would notice its failure before the bill.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        tags: dict[str, str],
        lifetime: Duration,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        clusters = f"arn:{Aws.PARTITION}:elasticmapreduce:{Stack.of(self).region}:{Aws.ACCOUNT_ID}:cluster/*"
        terminating = self._role("Terminating", "states.amazonaws.com")
        terminating.add_to_policy(
            iam.PolicyStatement(
                actions=["elasticmapreduce:TerminateJobFlows"],
                resources=[clusters],
                conditions={
                    "StringEquals": {f"elasticmapreduce:ResourceTag/{key}": value for key, value in tags.items()}
                },
            )
        )
        machine = sfn.CfnStateMachine(
            self,
            "Machine",
            role_arn=terminating.role_arn,
            definition_string=Stack.of(self).to_json_string(_wait_then_terminate(lifetime)),
        )
        machine.node.add_dependency(terminating.node.find_child("DefaultPolicy"))
        starting = self._role("Starting", "events.amazonaws.com")
        starting.add_to_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine.ref]))
        rule = events.CfnRule(
            self,
            "ClusterStarts",
            state="ENABLED",
            event_pattern={
                "source": ["aws.emr"],
                "detail-type": [CLUSTER_CHANGE],
                "detail": {"name": [cluster_name], "state": ["STARTING"]},
            },
            targets=[events.CfnRule.TargetProperty(id="Machine", arn=machine.ref, role_arn=starting.role_arn)],
        )
        FailureAlarm(
            self,
            "NotBegun",
            description=f"The maximum lifetime of a cluster {cluster_name} did not begin: only its idle stop ends it",
            namespace="AWS/Events",
            metric="FailedInvocations",
            dimensions={"RuleName": rule.ref},
            topic=topic,
        )
        FailureAlarm(
            self,
            "NotEnded",
            description=f"A cluster {cluster_name} could not be ended at its maximum lifetime",
            namespace="AWS/States",
            metric="ExecutionsFailed",
            dimensions={"StateMachineArn": machine.ref},
            topic=topic,
        )
        history = "Step Functions keeps the history of these two states for 90 days; "
        acknowledge(machine, "SF1", history + "a log group would hold the same lines once more.")
        acknowledge(machine, "SF2", history + "there is no call to trace but the one that ends it.")
        acknowledge_wildcard(
            terminating, clusters, "A cluster's id is not known before it starts; its tags limit the right."
        )

    def _role(self, construct_id: str, service: str) -> iam.Role:
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        return iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal(service, conditions=ours))


def _wait_then_terminate(lifetime: Duration) -> dict[str, object]:
    """Define the state machine, whose input is the event of a cluster's start."""
    return {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": lifetime.to_seconds(), "Next": "Terminate"},
            "Terminate": {
                "Type": "Task",
                "Resource": f"arn:{Aws.PARTITION}:states:::aws-sdk:emr:terminateJobFlows",
                "Parameters": {"JobFlowIds.$": "States.Array($.detail.clusterId)"},
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 30, "BackoffRate": 2, "MaxAttempts": 6}],
                "End": True,
            },
        },
    }
