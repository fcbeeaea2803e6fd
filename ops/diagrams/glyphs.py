"""How each type of resource is drawn: by a glyph of AWS's, or as a part of the resource that it belongs to."""

from collections.abc import Mapping
from typing import Final

from ops.diagrams.drawing import DiagramError

_SERVICE: Final = "architecture-service"
GLYPHS: Final[Mapping[str, str]] = {
    "AWS::Budgets::Budget": f"{_SERVICE}/AWSBudgets.svg",
    "AWS::CloudWatch::Alarm": "resource/AmazonCloudWatchAlarm.svg",
    "AWS::EC2::RouteTable": "resource/AmazonVPCRouter.svg",
    "AWS::EC2::SecurityGroup": "resource/AmazonVPCNetworkAccessControlList.svg",
    "AWS::EC2::Subnet": "architecture-group/Privatesubnet.svg",
    "AWS::EC2::VPC": f"{_SERVICE}/AmazonVirtualPrivateCloud.svg",
    "AWS::EC2::VPCEndpoint": "resource/AmazonVPCEndpoints.svg",
    "AWS::EMR::Cluster": f"{_SERVICE}/AmazonEMR.svg",
    "AWS::EMR::SecurityConfiguration": "resource/AWSIdentityAccessManagementDataEncryptionKey.svg",
    "AWS::EMR::Step": "resource/AmazonEMREMREngine.svg",
    "AWS::EMR::Studio": "resource/AmazonEMRCluster.svg",
    "AWS::Events::Rule": "resource/AmazonEventBridgeRule.svg",
    "AWS::Glue::Database": f"{_SERVICE}/AWSGlue.svg",
    "AWS::Glue::Table": "resource/AWSGlueDataCatalog.svg",
    "AWS::IAM::Role": "resource/AWSIdentityAccessManagementRole.svg",
    "AWS::KMS::Key": f"{_SERVICE}/AWSKeyManagementService.svg",
    "AWS::S3::Bucket": f"{_SERVICE}/AmazonSimpleStorageService.svg",
    "AWS::SNS::Topic": f"{_SERVICE}/AmazonSimpleNotificationService.svg",
    "AWS::StepFunctions::StateMachine": f"{_SERVICE}/AWSStepFunctions.svg",
}
"""Files of the npm package aws-icons, below its folder of icons; AWS lets them be used in diagrams."""

PARTS: Final[Mapping[str, str]] = {
    "AWS::EC2::SecurityGroupEgress": "GroupId",
    "AWS::EC2::SecurityGroupIngress": "GroupId",
    "AWS::EC2::SubnetRouteTableAssociation": "SubnetId",
    "AWS::EMR::InstanceFleetConfig": "ClusterId",
    "AWS::EMR::StudioSessionMapping": "StudioId",
    "AWS::IAM::InstanceProfile": "Roles",
    "AWS::IAM::Policy": "Roles",
    "AWS::KMS::Alias": "TargetKeyId",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::Subscription": "TopicArn",
    "AWS::SNS::TopicPolicy": "Topics",
}
"""Types that are drawn with another resource, and the property that names it."""

TOGETHER: Final = frozenset({"AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::Glue::Table"})
"""Types of which several in one stack are drawn as one."""


def glyph_of(kind: str) -> str:
    """Return the glyph of a type.

    Raises
    ------
    DiagramError
        If it has none.
    """
    if kind not in GLYPHS:
        raise DiagramError(
            f"{kind} cannot be drawn: give it a glyph, or what it is a part of, in ops/diagrams/glyphs.py"
        )
    return GLYPHS[kind]
