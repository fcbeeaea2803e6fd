"""Stacks of the deployment's names with little in them: they come and go in a moment."""

import json
from collections.abc import Mapping
from typing import Any

from ops.aws.account import Client
from tests.rehearsal.clusters import NODE_ROLE, SERVICE_ROLE, TAGS

Resources = Mapping[str, Mapping[str, Any]]

GROUPS: Resources = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.20.0.0/16"}},
    "Nodes": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "nodes", "VpcId": {"Ref": "Vpc"}},
    },
    "Service": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "service", "VpcId": {"Ref": "Vpc"}},
    },
}
"""A network without subnets."""

TOPIC: Resources = {"Topic": {"Type": "AWS::SNS::Topic"}}


CLUSTER: Resources = {
    "Cluster": {
        "Type": "AWS::EMR::Cluster",
        "Properties": {
            "Name": "fruits-demo",
            "ReleaseLabel": "emr-7.13.0",
            "ServiceRole": SERVICE_ROLE,
            "JobFlowRole": NODE_ROLE,
            "Instances": {
                "KeepJobFlowAliveWhenNoSteps": "true",
                "MasterInstanceFleet": {
                    "TargetOnDemandCapacity": "1",
                    "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
                },
            },
        },
    }
}
"""A cluster of one node; its roles are those of `tests.rehearsal.clusters`."""


def buckets(*, policy: str = "Delete", versioned: bool = True) -> Resources:
    """Return the three buckets of FruitsStorage."""
    versioning = {"VersioningConfiguration": {"Status": "Enabled"}} if versioned else {}
    return {
        name: {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": versioning}
        for name in ("Data", "Code", "Logs")
    }


BUCKET_OUTPUTS = (
    {f"{name}Bucket": {"Value": {"Ref": name}} for name in ("Data", "Code")}
    | {"LogBucket": {"Value": {"Ref": "Logs"}}}
    | {
        name: {"Value": {"Fn::Join": ["", ["s3://", {"Ref": "Data"}, folder]]}}
        for name, folder in (("ImagesUri", "/images/"), ("OutputUri", "/results/"))
    }
)


def make_stack(
    client: Client,
    name: str,
    resources: Resources,
    *,
    outputs: Mapping[str, Any] | None = None,
    protected: bool = False,
) -> dict[str, str]:
    """Make a stack with the deployment's tags, and return the physical ids of its resources."""
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs or {}}),
        Tags=TAGS,
        EnableTerminationProtection=protected,
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}


def make_storage(client: Client, *, policy: str = "Delete", protected: bool = False) -> dict[str, str]:
    """Make FruitsStorage-demo with three empty buckets, and return their names."""
    return make_stack(client, "FruitsStorage-demo", buckets(policy=policy), outputs=BUCKET_OUTPUTS, protected=protected)


def stack_states(client: Client) -> dict[str, str]:
    """Return the states of the deployment's stacks that exist."""
    listed = client("cloudformation").describe_stacks()["Stacks"]
    return {item["StackName"]: item["StackStatus"] for item in listed if item["StackName"].startswith("Fruits")}
