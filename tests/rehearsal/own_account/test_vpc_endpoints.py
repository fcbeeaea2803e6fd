"""The policy of a VPC endpoint: calls from inside a network need its leave, those from outside do not."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from tests.rehearsal.nodes import create_stack
from tests.rehearsal.users import keys_of_user

BUCKETS = ("inside-allowed", "inside-other")


@pytest.fixture(scope="module")
def _endpoint(client: Client) -> Iterator[None]:
    """A network whose endpoint leads to the first of two buckets."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{BUCKETS[0]}", f"arn:aws:s3:::{BUCKETS[0]}/*"],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "000000000000"}},
    }
    endpoint = {
        "VpcId": {"Ref": "Vpc"},
        "ServiceName": "com.amazonaws.eu-west-3.s3",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": endpoint},
    }
    create_stack(client, "inside", {"Resources": resources})
    for bucket in BUCKETS:
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        client("s3").put_object(Bucket=bucket, Key="apple", Body=b"red")
    yield
    for bucket in BUCKETS:
        client("s3").delete_object(Bucket=bucket, Key="apple")
        client("s3").delete_bucket(Bucket=bucket)
    client("cloudformation").delete_stack(StackName="inside")


@pytest.fixture(scope="module")
def keys(client: Client) -> dict[str, str]:
    return keys_of_user(client, deny="sns:Publish")


def _read(aws: EmbeddedAws, keys: dict[str, str], port: int, bucket: str) -> bytes:
    session = boto3.session.Session(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], None, aws.region)
    s3: Any = session.client(
        "s3",
        endpoint_url=f"https://127.0.0.1:{port}",
        verify=str(aws.authority),
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    content: bytes = s3.get_object(Bucket=bucket, Key="apple")["Body"].read()
    return content


@pytest.mark.usefixtures("_endpoint")
class TestEndpoint:
    def test_from_inside_the_buckets_of_its_policy_are_reached(self, aws: EmbeddedAws, keys: dict[str, str]) -> None:
        assert _read(aws, keys, aws.inside_port, BUCKETS[0]) == b"red"

    def test_from_inside_no_other_bucket_is_reached(self, aws: EmbeddedAws, keys: dict[str, str]) -> None:
        with pytest.raises(ClientError, match="AccessDenied"):
            _read(aws, keys, aws.inside_port, BUCKETS[1])
        told = aws.log.read_text(encoding="utf-8")
        assert f"the policy of the S3 endpoint does not allow s3:GetObject on arn:aws:s3:::{BUCKETS[1]}/apple" in told

    def test_from_outside_it_is_not_asked(self, aws: EmbeddedAws, keys: dict[str, str]) -> None:
        assert _read(aws, keys, aws.port, BUCKETS[1]) == b"red"


@pytest.mark.usefixtures("_endpoint")
def test_its_policy_is_shown(client: Client) -> None:
    shown = client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    policies = [json.loads(item["PolicyDocument"]) for item in shown if item.get("PolicyDocument")]
    assert BUCKETS[0] in json.dumps(policies)
