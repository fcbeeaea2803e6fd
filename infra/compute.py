"""The stack that costs: the cluster and its job."""

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.alarms import IdleAlarm
from infra.cluster import Cluster
from infra.disk_encryption import DiskEncryption
from infra.fleets import Fleets
from infra.identity import NodeIdentity, ServiceIdentity
from infra.job_step import JobStep, NodeSetup
from infra.names import deployment_tags
from infra.network import ClusterNetwork
from infra.packaging import Assets
from infra.scheduled_runs import SCHEDULED_RUN, ScheduledRuns
from infra.settings import DeploymentSettings
from infra.spark import VIRTUAL_ENVIRONMENT, Sessions, configurations
from infra.stack import FruitsStack
from infra.storage import CLUSTER_LOGS, SUBMITTED_JOBS, Storage


class ComputeStack(FruitsStack):
    """What costs: the cluster. Destroying this stack switches the cost off and keeps the data."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: DeploymentSettings,
        assets: Assets,
        storage: Storage,
        network: ClusterNetwork,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, "FruitsCompute", settings=settings, description="Fruits: the EMR cluster and its job")
        interactive = settings.mode == "interactive"
        step = JobStep(
            self,
            "Job",
            name=f"{settings.name} {settings.run_id}",
            assets=assets,
            data=storage.data,
            images_prefix=settings.images_prefix,
            output_prefix=settings.output_prefix,
            options=settings.job_options,
        )
        setup = NodeSetup(
            self,
            "NodeSetup",
            assets=assets,
            directory=VIRTUAL_ENVIRONMENT,
            job=step.archive if settings.notebook else None,
        )
        sessions = Sessions(timeout_seconds=settings.idle_stop, variables=step.variables) if settings.notebook else None
        encryption = DiskEncryption(self, "DiskEncryption")
        nodes = NodeIdentity(self, "Nodes")
        nodes.allow_listing(storage.data, settings.images_prefix, settings.output_prefix)
        nodes.allow_reading(storage.data, settings.images_prefix)
        nodes.allow_writing(storage.data, settings.output_prefix)
        nodes.allow_adding(storage.logs, CLUSTER_LOGS)
        nodes.allow_key(encryption.key)
        for asset in (*step.files, *setup.files):
            nodes.allow_asset(asset)
        if interactive:
            nodes.allow_reading(storage.code, SUBMITTED_JOBS)
        service = ServiceIdentity(
            self, "Service", node_role=nodes.role, disk_key=encryption.key, spot=settings.task_spot_vcpus > 0
        )
        cluster = Cluster(
            self,
            "Cluster",
            name=settings.name,
            release_label=settings.release_label,
            os_release_label=settings.os_release_label,
            fleets=Fleets(
                primary_types=settings.primary_types,
                core_types=settings.core_types,
                task_types=settings.task_types,
                core_vcpus=settings.core_vcpus,
                task_spot_vcpus=settings.task_spot_vcpus,
                spot_timeout_minutes=settings.spot_timeout_minutes,
                maximum_vcpus=settings.vcpu_limit,
            ),
            subnet_ids=network.subnet_ids,
            groups=network.groups,
            service=service,
            nodes=nodes,
            encryption=encryption,
            log_uri=storage.logs.s3_url_for_object(CLUSTER_LOGS),
            configurations=configurations(
                engine=settings.engine,
                region=settings.region,
                node_types=(*settings.core_types, *settings.task_types),
                generation=settings.cluster_generation,
                notebooks=interactive,
                sessions=sessions,
                extra=settings.configurations,
            ),
            bootstrap=setup.action,
            steps=[] if interactive else [step.as_step()],
            idle_stop=Duration.seconds(settings.idle_stop),
            notebooks=interactive,
        )
        IdleAlarm(self, "IdleAlarm", cluster_id=cluster.resource.ref, topic=topic)
        if settings.schedule_expression:
            ScheduledRuns(
                self,
                "ScheduledRuns",
                name=settings.name,
                expression=settings.schedule_expression,
                zone=settings.schedule_zone,
                cluster=cluster,
                step=step.request(name=f"{settings.name} {SCHEDULED_RUN}", options=settings.options_of(SCHEDULED_RUN)),
                service=service,
                nodes=nodes,
                tags=deployment_tags(settings.env),
                topic=topic,
            )
        self.output("ClusterId", cluster.resource.ref, "The cluster")
        if interactive:
            submission = {"name": step.name, "jar": step.jar, "arguments": step.arguments}
            self.output("JobStep", self.to_json_string(submission), "The step to submit to the cluster")
            # The arguments hold names of buckets, which are imported; nobody imports this output in turn.
            self.without_lint("W6001")
