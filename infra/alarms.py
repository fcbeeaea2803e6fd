"""Alarms: what a person must learn of at once, for nothing else will mend it."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct


class IdleAlarm(Construct):
    """Tells a topic that a cluster has been idle for a quarter of an hour, should its idle stop have failed.

    Parameters
    ----------
    cluster_id
        Id of the cluster to watch.
    topic
        Topic that the alarm is published to.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster_id: str, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        idle = cloudwatch.Metric(
            namespace="AWS/ElasticMapReduce",
            metric_name="IsIdle",
            dimensions_map={"JobFlowId": cluster_id},
            period=Duration.minutes(5),
            statistic="Minimum",
        )
        alarm = idle.create_alarm(
            self,
            "Resource",
            alarm_description="An EMR cluster is paid for and does nothing",
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))


class FailureAlarm(Construct):
    """Tells a topic that something has failed, once and for all, that works unseen.

    Parameters
    ----------
    description
        Text of the alarm: what has failed, and what that means.
    namespace, metric, dimensions
        Metric of CloudWatch that counts the failures.
    topic
        Topic that the alarm is published to.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        failures = cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric,
            dimensions_map=dict(dimensions),
            period=Duration.minutes(5),
            statistic="Sum",
        )
        alarm = failures.create_alarm(
            self,
            "Resource",
            alarm_description=description,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
