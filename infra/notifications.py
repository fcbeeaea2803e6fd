"""Notifications: a topic, and the events of clusters and steps that go there."""

from aws_cdk import Aws, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

CLUSTER_CHANGE = "EMR Cluster State Change"
STEP_CHANGE = "EMR Step Status Change"

_SUBNET_CHOSEN = "*which was chosen from the specified*"
"""In the message of the second STARTING that EMR sends for fleets with several subnets (table of cluster events)."""


class NotificationTopic(Construct):
    """A topic for everything a person should know.

    Parameters
    ----------
    email
        Address to subscribe; without one the topic has no subscriber yet.
    """

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id)
        # Not encrypted by KMS (scanners: CKV_AWS_26): EventBridge, CloudWatch and Budgets cannot use alias/aws/sns, a
        # key of our own bills by the hour, and what is told is names and states, which the console shows as well.
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        else:
            Validations.of(self).add_warning(
                "fruits:nobody-is-told",
                "email: not set, so nobody learns of a failed run or a spent budget; give -c email=team@example.org",
            )
        for publisher in ("budgets.amazonaws.com", "cloudwatch.amazonaws.com"):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    principals=[iam.ServicePrincipal(publisher)],
                    conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
                )
            )
        # EventBridge's statement comes with the rules, and without a condition, with which nothing would arrive:
        # docs/decisions/0232-eventbridge-publishes-without-a-condition.md.
        self.policy = self.topic.node.find_child("Policy")


class StateChanges(Construct):
    """Tells a topic what happens to the clusters of one name, and to their steps.

    Parameters
    ----------
    cluster_name
        Name of the clusters, with which the names of their steps begin.
    topic
        Topic that the events are published to.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster_name: str, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._publish(
            "Clusters",
            detail_type=CLUSTER_CHANGE,
            detail={
                "name": [cluster_name],
                "state": ["STARTING", "WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS"],
                "message": events.Match.anything_but_wildcard(_SUBNET_CHOSEN),
            },
        )
        self._publish(
            "Steps",
            detail_type=STEP_CHANGE,
            detail={
                "name": events.Match.prefix(f"{cluster_name} "),
                "state": ["COMPLETED", "FAILED", "CANCELLED"],
            },
        )

    def _publish(self, construct_id: str, *, detail_type: str, detail: dict[str, object]) -> None:
        name = events.EventField.from_path("$.detail.name")
        cluster = events.EventField.from_path("$.detail.clusterId")
        state = events.EventField.from_path("$.detail.state")
        reason = events.EventField.from_path("$.detail.message")
        text = f"{name} ({cluster}) in {Stack.of(self).region} is {state}. {reason}"
        events.Rule(
            self,
            construct_id,
            event_pattern=events.EventPattern(source=["aws.emr"], detail_type=[detail_type], detail=detail),
            targets=[targets.SnsTopic(self._topic, message=events.RuleTargetInput.from_text(text))],
        )
