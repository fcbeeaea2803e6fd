"""What goes wrong in a deployment goes wrong as on AWS: it rolls back and says why."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.reports import NodeReports
from tests.rehearsal.clusters import make_roles, wait_for

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import IpPermissionTypeDef

NAME = "test-failures"


@pytest.fixture
def deploy(client: Client) -> Iterator[Callable[..., list[str]]]:
    """Create a stack of some resources, and return the reasons of what failed; the stack is deleted afterwards."""
    make_roles(client)
    cloudformation = client("cloudformation")

    def create(**resources: dict[str, Any]) -> list[str]:
        cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps({"Resources": resources}))
        wait_for(lambda: _status(cloudformation, NAME) == "ROLLBACK_COMPLETE")
        events = cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]

    yield create
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def _cluster(**given: Any) -> dict[str, Any]:
    fleet = {"TargetOnDemandCapacity": "1", "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
    properties = {
        "Name": "failing",
        "ReleaseLabel": "emr-7.13.0",
        "ServiceRole": "emr-service",
        "JobFlowRole": "emr-nodes",
        "Instances": {"MasterInstanceFleet": fleet, "KeepJobFlowAliveWhenNoSteps": "true"},
    }
    return {"Type": "AWS::EMR::Cluster", "Properties": properties | given}


def test_a_failed_bootstrap_action_rolls_the_stack_back(
    aws: EmbeddedAws, client: Client, deploy: Callable[..., list[str]]
) -> None:
    reports = NodeReports(aws)
    reports.choose_launch("fail")
    try:
        reasons = deploy(Cluster=_cluster(), Topic={"Type": "AWS::SNS::Topic"})
    finally:
        reports.choose_launch("launch")
    assert "failed to stabilize" in reasons[0]
    assert "BOOTSTRAP_FAILURE" in reasons[0]
    assert not [item for item in client("sns").list_topics()["Topics"] if NAME in item["TopicArn"]]


def test_a_property_that_cloudformation_does_not_know_is_refused(deploy: Callable[..., list[str]]) -> None:
    (reason,) = deploy(Cluster=_cluster(Colour="green"))
    assert "Cluster/Properties: extraneous key [Colour] is not permitted" in reason


def test_a_value_of_the_wrong_type_is_refused(deploy: Callable[..., list[str]]) -> None:
    (reason,) = deploy(Cluster=_cluster(StepConcurrencyLevel="many"))
    assert "Cluster/Properties/StepConcurrencyLevel: 'many' is not of type integer" in reason


def test_a_bucket_with_objects_is_not_deleted(client: Client) -> None:
    cloudformation, s3 = client("cloudformation"), client("s3")
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    }
    cloudformation.create_stack(StackName="full", TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="full", WaiterConfig={"Delay": 1})
    bucket = cloudformation.describe_stack_resources(StackName="full")["StackResources"][0]["PhysicalResourceId"]
    version = s3.put_object(Bucket=bucket, Key="apple.jpg", Body=b"apple")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="apple.jpg")  # hides it only
    cloudformation.delete_stack(StackName="full")
    wait_for(lambda: _status(cloudformation, "full") == "DELETE_FAILED")
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in cloudformation.describe_stack_events(StackName="full")["StackEvents"]
    ]
    assert any("The bucket you tried to delete is not empty" in reason for reason in reasons)
    for item in s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]:
        s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
    s3.delete_object(Bucket=bucket, Key="apple.jpg", VersionId=version)
    cloudformation.delete_stack(StackName="full")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="full", WaiterConfig={"Delay": 1})
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def _status(cloudformation: Any, name: str) -> str:
    found: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return found


def test_a_security_group_that_others_name_is_not_deleted(client: Client) -> None:
    cloudformation, ec2 = client("cloudformation"), client("ec2")
    resources = {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "named"}}}
    cloudformation.create_stack(StackName="group", TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="group", WaiterConfig={"Delay": 1})
    group = cloudformation.describe_stack_resources(StackName="group")["StackResources"][0]["PhysicalResourceId"]
    other = ec2.create_security_group(GroupName="other", Description="names the first")["GroupId"]
    pair: IpPermissionTypeDef = {
        "IpProtocol": "tcp",
        "FromPort": 1,
        "ToPort": 1,
        "UserIdGroupPairs": [{"GroupId": group}],
    }
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[pair])
    cloudformation.delete_stack(StackName="group")
    wait_for(lambda: _status(cloudformation, "group") == "DELETE_FAILED")
    ec2.delete_security_group(GroupId=other)
    cloudformation.delete_stack(StackName="group")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="group", WaiterConfig={"Delay": 1})


def test_an_object_encrypted_by_kms_without_a_key_gets_the_key_of_s3(client: Client) -> None:
    s3, kms = client("s3"), client("kms")
    s3.create_bucket(Bucket="kms-default", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_object(Bucket="kms-default", Key="object", Body=b"content", ServerSideEncryption="aws:kms")
    used = s3.head_object(Bucket="kms-default", Key="object")["SSEKMSKeyId"]
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (used, key["KeyManager"]) == (key["Arn"], "AWS")
