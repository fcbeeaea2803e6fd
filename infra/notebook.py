"""Notebooks: an EMR Studio that reaches the interactive cluster, and nothing else."""

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_emr as emr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledgements import acknowledge_folder, acknowledge_wildcard
from infra.identity import emr_service_principal
from infra.names import EMR_MANAGED_TAG
from infra.network import ClusterNetwork, known_vpc, tagged_group

_Conditions = dict[str, dict[str, str]]

_ENTERPRISE_GATEWAY = ec2.Port.tcp(18888)
_TAGGED_RESOURCE = {"StringEquals": {f"aws:ResourceTag/{EMR_MANAGED_TAG}": "true"}}
_TAGGED_REQUEST = {"StringEquals": {f"aws:RequestTag/{EMR_MANAGED_TAG}": "true"}}


class Notebooks(Construct):
    """An EMR Studio with IAM as its login.

    Parameters
    ----------
    name
        Name of the Studio.
    network
        Network of the interactive cluster.
    bucket, prefix
        Bucket and folder that workspaces are kept in.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        network: ClusterNetwork,
        bucket: s3.IBucket,
        prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        vpc = known_vpc(self, network.vpc_id)
        engine = tagged_group(self, "Engine", vpc=vpc, description="Notebook engine on the cluster")
        workspace = tagged_group(self, "Workspace", vpc=vpc, description="Workspaces of the Studio")
        engine.add_ingress_rule(workspace, _ENTERPRISE_GATEWAY, "Jupyter Enterprise Gateway")
        workspace.add_egress_rule(engine, _ENTERPRISE_GATEWAY, "Jupyter Enterprise Gateway")
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=emr_service_principal(self),
        )
        self._allow_network_channel()
        self._allow_workspaces(bucket, prefix)
        self.studio = emr.CfnStudio(
            self,
            "Studio",
            name=name,
            auth_mode="IAM",
            default_s3_location=bucket.s3_url_for_object(prefix),
            vpc_id=network.vpc_id,
            subnet_ids=list(network.subnet_ids),
            engine_security_group_id=engine.security_group_id,
            workspace_security_group_id=workspace.security_group_id,
            service_role=self.role.role_arn,
        )
        self.studio.node.add_dependency(self.role.node.find_child("DefaultPolicy"))

    def _allow_network_channel(self) -> None:
        """Grant what EMR's guide lists for the channel from workspace to cluster, by tag wherever EC2 can."""
        interface, group = self._arn("ec2", "network-interface/*"), self._arn("ec2", "security-group/*")
        subnet, instance = self._arn("ec2", "subnet/*"), self._arn("ec2", "instance/*")
        self._allow(["ec2:CreateNetworkInterface"], [interface], _TAGGED_REQUEST)
        self._allow(["ec2:CreateNetworkInterface"], [subnet, group], _TAGGED_RESOURCE)
        self._allow(
            ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
            [interface],
            _TAGGED_RESOURCE,
        )
        self._allow(["ec2:ModifyNetworkInterfaceAttribute"], [interface, group, instance])
        self._allow(
            [
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ],
            [group],
            _TAGGED_RESOURCE,
        )
        self._allow(["ec2:DeleteNetworkInterfacePermission"], ["*"], _TAGGED_RESOURCE)
        self._allow(["ec2:CreateTags"], [interface], {"StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"}})
        self._allow(
            [
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTags",
                "ec2:DescribeVpcs",
            ],
            ["*"],
        )
        self._allow(
            [
                "elasticmapreduce:DescribeCluster",
                "elasticmapreduce:ListInstances",
                "elasticmapreduce:ListSteps",
            ],
            [self._arn("elasticmapreduce", "cluster/*")],
        )

    def _allow_workspaces(self, bucket: s3.IBucket, prefix: str) -> None:
        self._grant(["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], [bucket.arn_for_objects(f"{prefix}*")])
        self._grant(["s3:ListBucket", "s3:GetEncryptionConfiguration"], [bucket.bucket_arn])
        acknowledge_folder(self.role, bucket, prefix, "Notebooks get their names from the people who write them.")

    def _allow(self, actions: Sequence[str], resources: Sequence[str], conditions: _Conditions | None = None) -> None:
        self._grant(actions, resources, conditions)
        reason = "EMR Studio makes and finds these as notebooks are attached; nobody knows their ids beforehand."
        for resource in resources:
            acknowledge_wildcard(self.role, resource, reason)

    def _grant(self, actions: Sequence[str], resources: Sequence[str], conditions: _Conditions | None = None) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        )

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{Stack.of(self).region}:{Aws.ACCOUNT_ID}:{resource}"
