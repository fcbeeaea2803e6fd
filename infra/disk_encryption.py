"""Encryption of the nodes' disks: a key, who may use it, and the security configuration that makes EMR use it."""

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_emr as emr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


class DiskEncryption(Construct):
    """The key of the nodes' disks, and the security configuration that makes EMR use it.

    The key lives and dies with the cluster: it bills by the hour, and nothing outlives the disks it encrypts.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Disks of the nodes of an EMR cluster",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._allow_ec2()
        self.configuration = emr.CfnSecurityConfiguration(
            self,
            "Configuration",
            security_configuration={
                "EncryptionConfiguration": {
                    "EnableInTransitEncryption": False,
                    "EnableAtRestEncryption": True,
                    "AtRestEncryptionConfiguration": {
                        "S3EncryptionConfiguration": {"EncryptionMode": "SSE-S3"},
                        "LocalDiskEncryptionConfiguration": {
                            "EncryptionKeyProviderType": "AwsKms",
                            "AwsKmsKey": self.key.key_arn,
                            "EnableEbsEncryption": True,
                        },
                    },
                },
                "InstanceMetadataServiceConfiguration": {
                    "MinimumInstanceMetadataServiceVersion": 2,
                    "HttpPutResponseHopLimit": 1,
                },
            },
        )

    def _allow_ec2(self) -> None:
        """Let EC2 use the key for whoever of this account launches nodes, as the policy of ``aws/ebs`` does.

        Spot's service-linked role cannot be given rights, and a policy that names it fails where it does not exist
        yet. Scanners dislike the ``*``: the conditions leave this account, and no way to the key but by EC2.
        """
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=[
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                resources=["*"],
                conditions={
                    "StringEquals": {
                        "kms:CallerAccount": Aws.ACCOUNT_ID,
                        "kms:ViaService": f"ec2.{Stack.of(self).region}.amazonaws.com",
                    }
                },
            )
        )
