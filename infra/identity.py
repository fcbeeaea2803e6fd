"""Who the cluster is: EMR's service role, and the role of its nodes with just what the job needs."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct, IConstruct

from infra.acknowledgements import acknowledge, acknowledge_folder, acknowledge_wildcard

_EMR_POLICY = "service-role/AmazonEMRServicePolicy_v2"
_READ = ["s3:GetObject"]
_SPOT = "spot.amazonaws.com"
_WRITE = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]


def emr_service_principal(scope: Construct) -> iam.ServicePrincipal:
    """Return EMR as the service that assumes a role, for clusters and Studios of this account and region alone."""
    ours = f"arn:{Aws.PARTITION}:elasticmapreduce:{Stack.of(scope).region}:{Aws.ACCOUNT_ID}:*"
    return iam.ServicePrincipal(
        "elasticmapreduce.amazonaws.com",
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": ours}},
    )


class NodeIdentity(Construct):
    """The role and the instance profile of the cluster's nodes; it starts with no rights at all.

    Whoever owns a bucket or an asset grants it here, folder by folder.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        # EMR takes one name for both. The profile's own name, a reference, also orders cluster after profile.
        self.profile = iam.CfnInstanceProfile(
            self, "Profile", roles=[self.role.role_name], instance_profile_name=self.role.role_name
        )

    @property
    def policy(self) -> IConstruct:
        """Policy with all that was granted so far."""
        return self.role.node.find_child("DefaultPolicy")

    def allow_listing(self, bucket: s3.IBucket, *prefixes: str) -> None:
        """Let the nodes list what lies in folders of a bucket."""
        patterns = [pattern for prefix in prefixes for pattern in (prefix.rstrip("/"), f"{prefix}*")]
        self._allow(["s3:ListBucket"], [bucket.bucket_arn], {"StringLike": {"s3:prefix": patterns}})

    def allow_reading(self, bucket: s3.IBucket, prefix: str) -> None:
        """Let the nodes read the objects of a folder."""
        self._allow(_READ, self._folder(bucket, prefix))

    def allow_writing(self, bucket: s3.IBucket, prefix: str) -> None:
        """Let the nodes read, write and delete the objects of a folder.

        S3A asks for the folder itself as if it were an object, and ends the uploads of failed tasks.
        """
        self._allow([*_READ, *_WRITE], [*self._folder(bucket, prefix), bucket.arn_for_objects(prefix.rstrip("/"))])
        self._allow(["s3:ListBucketMultipartUploads"], [bucket.bucket_arn])

    def allow_adding(self, bucket: s3.IBucket, prefix: str) -> None:
        """Let the nodes put objects into a folder, and nothing else."""
        self._allow(["s3:PutObject"], self._folder(bucket, prefix))

    def allow_asset(self, asset: s3_assets.Asset) -> None:
        """Let the nodes read one uploaded asset."""
        self._allow(_READ, [asset.bucket.arn_for_objects(asset.s3_object_key)])

    def allow_key(self, key: kms.IKey) -> None:
        """Let the nodes use the key of their disks."""
        self._allow(["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], [key.key_arn])

    def _folder(self, bucket: s3.IBucket, prefix: str) -> list[str]:
        acknowledge_folder(self.role, bucket, prefix, f"Objects below {prefix} get their names when they are made.")
        return [bucket.arn_for_objects(f"{prefix}*")]

    def _allow(
        self,
        actions: list[str],
        resources: list[str],
        conditions: dict[str, dict[str, list[str]]] | None = None,
    ) -> None:
        self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))


class ServiceIdentity(Construct):
    """The role with which EMR launches nodes: Amazon's policy for it, PassRole on one role, the key, and Spot's role.

    Parameters
    ----------
    node_role
        Role that EMR may give to nodes.
    disk_key
        Key with which EC2 encrypts the disks of the nodes.
    spot
        Whether the cluster asks for Spot instances.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, node_role: iam.IRole, disk_key: kms.IKey, spot: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=emr_service_principal(self),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_EMR_POLICY)],
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[node_role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            )
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                    "kms:GenerateDataKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:DescribeKey",
                ],
                resources=[disk_key.key_arn],
            )
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:CreateGrant"],
                resources=[disk_key.key_arn],
                conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
            )
        )
        if spot:
            self._allow_spot()
        acknowledge(
            self.role,
            f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_EMR_POLICY}]",
            "Amazon's scoped policy for EMR: it reaches only what carries the EMR tag, and Amazon amends it"
            " when a release needs another call.",
        )
        self.policy = self.role.node.find_child("DefaultPolicy")

    def _allow_spot(self) -> None:
        """Let EMR make the role that EC2 needs for Spot, where an account has never used Spot.

        AmazonEMRServicePolicy_v2 lacks this right, which its predecessor AmazonElasticMapReduceRole had.
        """
        role = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/{_SPOT}/AWSServiceRoleForEC2Spot*"
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:CreateServiceLinkedRole"],
                resources=[role],
                conditions={"StringEquals": {"iam:AWSServiceName": _SPOT}},
            )
        )
        acknowledge_wildcard(self.role, role, "As in Amazon's own policy; the condition leaves the role of Spot alone.")
