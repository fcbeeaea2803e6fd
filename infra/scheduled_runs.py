"""Runs that start by themselves: at their time, EventBridge Scheduler starts a cluster like that of the stack."""

from collections.abc import Mapping
from typing import Any, Final

import jsii
from aws_cdk import Aws, IStableStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.acknowledgements import acknowledge_wildcard
from infra.alarms import FailureAlarm
from infra.cluster import Cluster
from infra.identity import NodeIdentity, ServiceIdentity
from infra.launch_request import RUN_JOB_FLOW, launch_request

SCHEDULED_RUN: Final = "scheduled-<aws.scheduler.execution-id>"
"""Id of the runs: EventBridge Scheduler puts an id of its own into each (User Guide, "Adding context attributes")."""

_LATEST_SECONDS: Final = 900
_RETRIES: Final = 2


class ScheduledRuns(Construct):
    """Starts clusters at the times of a schedule.

    Parameters
    ----------
    name
        Name of the schedule, of its group and of the clusters, by which the guards know them.
    expression, zone
        When, as EventBridge Scheduler writes it, and by which clock.
    cluster
        The cluster that the others are like, steps apart.
    step
        Their one step, as EMR's API takes it.
    service, nodes
        Roles that the clusters get.
    tags
        Tags without which the role may start no cluster.
    topic
        Topic that is told when a run could not be started.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        expression: str,
        zone: str,
        cluster: Cluster,
        step: Mapping[str, Any],
        service: ServiceIdentity,
        nodes: NodeIdentity,
        tags: Mapping[str, str],
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        # A group of its own, for Scheduler counts what has failed by groups alone.
        group = scheduler.CfnScheduleGroup(self, "Group", name=name)
        role = self._role(service=service, nodes=nodes, tags=tags)
        schedule = scheduler.CfnSchedule(
            self,
            "Resource",
            name=name,
            group_name=group.ref,
            description=f"Starts a cluster {name} with a new run of the job",
            state="ENABLED",
            schedule_expression=expression,
            schedule_expression_timezone=zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=f"arn:{Aws.PARTITION}:scheduler:::{RUN_JOB_FLOW}",
                role_arn=role.role_arn,
                input=Lazy.string(_Request(stack, cluster, step)),
                # Each attempt may start a cluster, also one whose answer got lost: few of them, and soon.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_LATEST_SECONDS, maximum_retry_attempts=_RETRIES
                ),
            ),
        )
        # The first cluster comes first: what is wrong with it shows in the deployment, not at night.
        schedule.node.add_dependency(cluster.resource, role.node.find_child("DefaultPolicy"))
        FailureAlarm(
            self,
            "NotStarted",
            description=f"A scheduled run of {name} could not be started",
            namespace="AWS/Scheduler",
            metric="InvocationDroppedCount",
            dimensions={"ScheduleGroup": group.ref},
            topic=topic,
        )

    def _role(self, *, service: ServiceIdentity, nodes: NodeIdentity, tags: Mapping[str, str]) -> iam.Role:
        """Make the role of the schedule: to start clusters with our tags, and to give them their two roles."""
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=ours))
        wanted = {f"elasticmapreduce:RequestTag/{key}": value for key, value in tags.items()}
        clusters = f"arn:{Aws.PARTITION}:elasticmapreduce:{Stack.of(self).region}:{Aws.ACCOUNT_ID}:cluster/*"
        for action, resource in (("RunJobFlow", "*"), ("AddTags", clusters)):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=[f"elasticmapreduce:{action}"],
                    resources=[resource],
                    conditions={"StringEquals": wanted},
                )
            )
            acknowledge_wildcard(
                role, resource, "A cluster's id is not known before it starts; its tags limit the right."
            )
        for given, receiver in ((service.role, "elasticmapreduce"), (nodes.role, "ec2")):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["iam:PassRole"],
                    resources=[given.role_arn],
                    conditions={"StringEquals": {"iam:PassedToService": f"{receiver}.amazonaws.com"}},
                )
            )
        return role


@jsii.implements(IStableStringProducer)
class _Request:
    """The request for a cluster, written when the app has given its tags to all resources."""

    def __init__(self, stack: Stack, cluster: Cluster, step: Mapping[str, Any]) -> None:
        self._stack = stack
        self._cluster = cluster
        self._step = step

    def produce(self) -> str:
        """Return it as JSON."""
        return self._stack.to_json_string(launch_request(self._cluster.resource.described, [self._step]))
