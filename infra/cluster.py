"""The EMR cluster: instance fleets, limits that stop it, and Spark as the job needs it."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CfnTag, Duration, Tags
from aws_cdk import aws_emr as emr
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.disk_encryption import DiskEncryption
from infra.fleets import Fleets
from infra.identity import NodeIdentity, ServiceIdentity
from infra.names import EMR_MANAGED_TAG
from infra.network import GroupIds

_ROOT_VOLUME_GIB = 32
_ENVIRONMENT_FILES = "-env"


class Cluster(Construct):
    """One EMR cluster that ends by itself.

    Parameters
    ----------
    name
        Name of the cluster, by which the guard of the maximum lifetime knows it.
    release_label
        Release of EMR.
    os_release_label
        Release of Amazon Linux; None for the newest that EMR has tried.
    fleets
        Nodes and the limits of managed scaling.
    subnet_ids
        One for each availability zone that EMR may choose.
    groups
        Security groups of the nodes.
    service, nodes
        Roles of EMR and of the nodes.
    encryption
        Key and security configuration of the disks.
    log_uri
        Folder that EMR writes logs to.
    configurations
        Configuration files by EMR's classification.
    bootstrap
        Bootstrap action, which each node runs before EMR's own software is installed.
    steps
        Steps to run in this order; without any the cluster stays until it is idle.
    idle_stop
        Time after which an idle cluster ends.
    notebooks
        Whether notebooks can be attached.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        release_label: str,
        os_release_label: str | None,
        fleets: Fleets,
        subnet_ids: Sequence[str],
        groups: GroupIds,
        service: ServiceIdentity,
        nodes: NodeIdentity,
        encryption: DiskEncryption,
        log_uri: str,
        configurations: Mapping[str, Mapping[str, str]],
        bootstrap: emr.CfnCluster.BootstrapActionConfigProperty,
        steps: Sequence[emr.CfnCluster.StepConfigProperty],
        idle_stop: Duration,
        notebooks: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        applications = ["Spark", *(("Livy", "JupyterEnterpriseGateway") if notebooks else ())]
        self.resource = _DescribedCluster(
            self,
            "Resource",
            name=name,
            release_label=release_label,
            os_release_label=os_release_label,
            applications=[emr.CfnCluster.ApplicationProperty(name=item) for item in applications],
            service_role=service.role.role_name,
            job_flow_role=nodes.profile.ref,
            security_configuration=encryption.configuration.ref,
            log_uri=log_uri,
            ebs_root_volume_size=_ROOT_VOLUME_GIB,
            scale_down_behavior="TERMINATE_AT_TASK_COMPLETION",
            step_concurrency_level=1,
            auto_termination_policy=emr.CfnCluster.AutoTerminationPolicyProperty(idle_timeout=idle_stop.to_seconds()),
            managed_scaling_policy=fleets.scaling_policy(),
            configurations=[_configuration(name, values) for name, values in configurations.items()],
            bootstrap_actions=[bootstrap],
            steps=list(steps) or None,
            instances=emr.CfnCluster.JobFlowInstancesConfigProperty(
                master_instance_fleet=fleets.primary(),
                core_instance_fleet=fleets.core(),
                task_instance_fleets=fleets.task(),
                ec2_subnet_ids=list(subnet_ids),
                emr_managed_master_security_group=groups.primary,
                emr_managed_slave_security_group=groups.core,
                service_access_security_group=groups.service,
                keep_job_flow_alive_when_no_steps=not steps,
                termination_protected=False,
            ),
            tags=[CfnTag(key="Name", value=name)],
        )
        Tags.of(self.resource).add(EMR_MANAGED_TAG, "true")
        # Rights first: nodes that start before their policy is attached fail in the bootstrap action.
        self.resource.node.add_dependency(service.policy, nodes.policy)
        acknowledge(
            self.resource,
            "EMR4",
            "EC2 encrypts every disk with this stack's key; the rule looks for that without the enclosing"
            " EncryptionConfiguration which EMR requires.",
        )
        acknowledge(
            self.resource,
            "EMR5",
            "Certificates would put a private key into S3. Spark encrypts what its processes exchange"
            " (spark.network.crypto), Hadoop's calls are private once disks are encrypted, S3 is TLS 1.2.",
        )
        acknowledge(
            self.resource,
            "EMR6",
            "Nobody logs in: no port 22, no key pair to lose; work arrives by steps and notebooks.",
        )


class _DescribedCluster(emr.CfnCluster):
    """A cluster that says what it is made of."""

    @property
    def described(self) -> Mapping[str, Any]:
        """Properties as in the template, with the tags that the app has given by now."""
        return self._render_properties(self._cfn_properties)


def _configuration(name: str, values: Mapping[str, str]) -> emr.CfnCluster.ConfigurationProperty:
    if not name.endswith(_ENVIRONMENT_FILES):
        return emr.CfnCluster.ConfigurationProperty(classification=name, configuration_properties=dict(values))
    export = emr.CfnCluster.ConfigurationProperty(classification="export", configuration_properties=dict(values))
    return emr.CfnCluster.ConfigurationProperty(classification=name, configurations=[export])
