"""Things that a deployment may leave behind, planted; beside each, things of others that look alike."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ops.aws.account import Client
from rehearsal.embedded.aws import ACCOUNT
from tests.rehearsal.clusters import TAGS, make_roles, run_cluster, wait_for
from tests.rehearsal.small_stacks import TOPIC, make_stack

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import TagTypeDef
    from types_boto3_ec2.type_defs import FilterTypeDef
    from types_boto3_kms.type_defs import TagTypeDef as KeyTagTypeDef

Planted = Iterator[tuple[str, str]]

THEIRS: "list[TagTypeDef]" = [{"Key": "project", "Value": "fruits"}, {"Key": "environment", "Value": "demo2"}]
"""Of another environment of the same project."""

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
_NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
_MACHINE = json.dumps({"StartAt": "Stop", "States": {"Stop": {"Type": "Succeed"}}})


def _tagged(resource: str, tags: "list[TagTypeDef]") -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": resource, "Tags": tags}]}


def plant_clusters(client: Client) -> Planted:
    """Plant clusters: by name, by tags, ended; beside one of another environment."""
    make_roles(client)
    run_cluster(client, Name="fruits-demo2", Tags=THEIRS)
    run_cluster(client, Name="somebody", Tags=[])
    yield from _with_nodes(client, run_cluster(client, Name="fruits-demo", Tags=[]))
    yield from _with_nodes(client, run_cluster(client, Name="tried by hand", Tags=TAGS))
    ended = run_cluster(client, Name="fruits-demo")
    client("emr").terminate_job_flows(JobFlowIds=[ended])
    yield "ended EMR cluster", ended


def _with_nodes(client: Client, cluster_id: str) -> Planted:
    """Name a cluster and, once EC2 has started them, its nodes with their disks."""
    ec2 = client("ec2")
    tagged: list[FilterTypeDef] = [{"Name": "tag:aws:elasticmapreduce:job-flow-id", "Values": [cluster_id]}]
    reservations = wait_for(lambda: ec2.describe_instances(Filters=tagged)["Reservations"])
    yield "EMR cluster", cluster_id
    for machine in (machine for item in reservations for machine in item["Instances"]):
        yield "EC2 instance", machine["InstanceId"]
        yield from (("EBS volume", disk) for disk in _disks(ec2, machine["InstanceId"]))


def plant_security_configurations(client: Client) -> Planted:
    """Plant a security configuration that a cluster uses, and one with a stack's name."""
    emr, content = client("emr"), json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})
    for name in ("FruitsCompute-demo-Disks-1A2B", "used by ours", "FruitsCompute-demo2-Disks", "somebody's"):
        emr.create_security_configuration(Name=name, SecurityConfiguration=content)
    yield "EMR security configuration", "FruitsCompute-demo-Disks-1A2B"
    yield from _with_nodes(client, run_cluster(client, Name="fruits-demo", SecurityConfiguration="used by ours"))
    yield "EMR security configuration", "used by ours"


def plant_network(client: Client) -> Planted:
    """Plant a VPC and, without tags, all that may lie in it; beside the same in the account's own VPC."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", **_tagged("vpc", TAGS))["Vpc"]["VpcId"]
    other = ec2.create_vpc(CidrBlock="10.30.0.0/16", **_tagged("vpc", THEIRS))["Vpc"]["VpcId"]
    yield "VPC", vpc
    for network, ours in ((vpc, True), (other, False)):
        block = "10.20.0.0/20" if ours else "10.30.0.0/20"
        subnet = ec2.create_subnet(VpcId=network, CidrBlock=block)["Subnet"]["SubnetId"]
        found = [("subnet", subnet), *_inside(ec2, network, subnet)]
        if ours:
            yield from found


def _inside(ec2: Any, network: str, subnet: str) -> Planted:
    yield "route table", ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network)
    yield "internet gateway", gateway
    group = ec2.create_security_group(GroupName="ElasticMapReduce-master", Description="by EMR", VpcId=network)
    yield "security group", group["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Description="by EMR")["NetworkInterface"]
    yield "network interface", interface["NetworkInterfaceId"]
    for kind, service in (("Interface", "elasticmapreduce"), ("Gateway", "s3")):
        endpoint = ec2.create_vpc_endpoint(
            VpcId=network,
            VpcEndpointType=kind,
            ServiceName=f"com.amazonaws.eu-west-3.{service}",
            **({"SubnetIds": [subnet]} if kind == "Interface" else {}),
        )
        yield "VPC endpoint", endpoint["VpcEndpoint"]["VpcEndpointId"]
    yield "NAT gateway", ec2.create_nat_gateway(SubnetId=subnet)["NatGateway"]["NatGatewayId"]
    machine = ec2.run_instances(
        ImageId="ami-12345678", InstanceType="m5.xlarge", SubnetId=subnet, MinCount=1, MaxCount=1
    )["Instances"][0]
    yield "EC2 instance", machine["InstanceId"]
    yield from (("EBS volume", disk) for disk in _disks(ec2, machine["InstanceId"]))
    used = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=used, InstanceId=machine["InstanceId"])
    yield "elastic IP address", used


def plant_machines(client: Client) -> Planted:
    """Plant tagged machines, volumes, snapshots, addresses; an ended machine is none."""
    ec2 = client("ec2")
    for tags in (TAGS, THEIRS):
        run: dict[str, Any] = {"ImageId": "ami-12345678", "InstanceType": "m6g.xlarge", "MinCount": 1, "MaxCount": 1}
        machine = ec2.run_instances(**run, **_tagged("instance", tags))["Instances"][0]["InstanceId"]
        gone = ec2.run_instances(**run, **_tagged("instance", tags))["Instances"][0]["InstanceId"]
        ec2.terminate_instances(InstanceIds=[gone])
        disk: dict[str, Any] = {"AvailabilityZone": "eu-west-3a", "Size": 100, "VolumeType": "gp3"}
        volume = ec2.create_volume(**disk, **_tagged("volume", tags))["VolumeId"]
        attached = ec2.create_volume(**disk)["VolumeId"]
        ec2.attach_volume(VolumeId=attached, InstanceId=machine, Device="/dev/sdf")
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        kept = ec2.create_snapshot(VolumeId=attached, **_tagged("snapshot", tags))["SnapshotId"]
        address = ec2.allocate_address(Domain="vpc", **_tagged("elastic-ip", tags))["AllocationId"]
        if tags is TAGS:
            yield "EC2 instance", machine
            yield from (("EBS volume", disk) for disk in {volume, attached, *_disks(ec2, machine)})
            own: list[TagTypeDef] = [*tags, {"Key": "aws:cloudformation:stack-name", "Value": "FruitsNotebook-demo"}]
            held = ec2.run_instances(**run, **_tagged("instance", own))["Instances"][0]["InstanceId"]
            yield "EC2 instance", held
            yield from (("EBS volume", disk) for disk in _disks(ec2, held))
            yield from (("EBS snapshot", item) for item in (snapshot, kept))
            yield "elastic IP address", address


def _disks(ec2: Any, instance: str) -> list[str]:
    filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
    return [item["VolumeId"] for item in ec2.describe_volumes(Filters=filters)["Volumes"]]


def plant_storage(client: Client) -> Planted:
    """Plant buckets by name and by tags, and the CDK's own."""
    s3 = client("s3")
    tags = {"tagged-by-hand": TAGS, "tagged-by-others": THEIRS}
    names = ("fruitsstorage-demo-logs-1a2b", "fruitsstorage-demo2-logs-1a2b", *tags, "somebody")
    assets = f"cdk-hnb659fds-assets-{ACCOUNT}-eu-west-3"
    for name in (*names, assets):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        if name in tags:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags[name]})
        s3.put_object(Bucket=name, Key="apple.jpg", Body=b"x" * 2**20)
    yield "bucket", "fruitsstorage-demo-logs-1a2b"
    yield "bucket", "tagged-by-hand"
    yield "CDK assets", assets


def plant_keys(client: Client) -> Planted:
    """Plant keys, one of which is going."""
    kms = client("kms")
    for tags in (TAGS, THEIRS):
        spelled: list[KeyTagTypeDef] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]
        key, going = (kms.create_key(Description="Disks", Tags=spelled)["KeyMetadata"]["KeyId"] for _ in range(2))
        kms.schedule_key_deletion(KeyId=going, PendingWindowInDays=7)
        if tags is TAGS:
            yield "KMS key", key
            yield "KMS key pending deletion", going


def plant_watching(client: Client) -> Planted:
    """Plant what watches and tells."""
    cluster = run_cluster(client, Name="fruits-demo")
    yield from _with_nodes(client, cluster)
    groups = (f"/aws/emr/{cluster}", "/aws/vendedlogs/states/FruitsGuard-demo-Machine")
    for name in (*groups, "/aws/emr/j-SOMEBODY", "/fruits-demo2", "/somebody/fruits-demo-shop"):
        client("logs").create_log_group(logGroupName=name)
    yield from (("log group", name) for name in groups)
    for name, watched in (("idle", cluster), ("idle of others", "j-OTHER"), ("FruitsCompute-demo-Idle-1A", "j-OTHER")):
        client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/ElasticMapReduce",
            MetricName="IsIdle",
            Dimensions=[{"Name": "JobFlowId", "Value": watched}],
            Period=300,
            EvaluationPeriods=3,
            Threshold=1,
            Statistic="Minimum",
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
    yield from (("alarm", name) for name in ("idle", "FruitsCompute-demo-Idle-1A"))
    for name in ("fruits-demo", "fruits-demo2"):
        client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
        client("stepfunctions").create_state_machine(
            name=f"FruitsGuard-{name.rpartition('-')[2]}-Machine",
            definition=_MACHINE,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/emr-service",
        )
        client("budgets").create_budget(
            AccountId=ACCOUNT,
            Budget={
                "BudgetName": name,
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": "20", "Unit": "USD"},
            },
        )
        client("glue").create_database(DatabaseInput={"Name": name.replace("-", "_")})
    yield "dashboard", "fruits-demo"
    yield "state machine", "FruitsGuard-demo-Machine"
    yield "budget", "fruits-demo"
    yield "Glue database", "fruits_demo"
    for name, tags in (("by-hand", TAGS), ("of-others", THEIRS)):
        client("events").put_rule(Name=name, EventPattern='{"source": ["aws.emr"]}', Tags=tags)
        topic = client("sns").create_topic(Name=name, Tags=tags)["TopicArn"]
        queue = {tag["Key"]: tag["Value"] for tag in tags}
        client("sqs").create_queue(QueueName=name, tags=queue)
        if tags is TAGS:
            yield "event rule", name
            yield "topic", topic
            yield "sqs", f"arn:aws:sqs:eu-west-3:{ACCOUNT}:{name}"


def plant_identity(client: Client) -> Planted:
    """Plant roles, profiles and policies."""
    iam = client("iam")
    for name in ("FruitsCompute-demo-Nodes-1A2B", "FruitsCompute-demo2-Nodes-1A2B", "FruitsDemo", "fruits-demolition"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)
        iam.create_instance_profile(InstanceProfileName=name)
        iam.create_policy(PolicyName=name, PolicyDocument=_NOTHING)
    for kind in ("IAM role", "instance profile", "IAM policy"):
        yield kind, "FruitsCompute-demo-Nodes-1A2B"


def plant_stacks(client: Client) -> Planted:
    """Plant a stack, and one whose name only begins alike."""
    make_stack(client, "FruitsNotebook-demo", TOPIC)
    client("cloudformation").create_stack(
        StackName="FruitsNotebook-demo2", TemplateBody=json.dumps({"Resources": TOPIC}), Tags=THEIRS
    )
    yield "stack", "FruitsNotebook-demo"
    for item in client("sns").list_topics()["Topics"]:
        if "FruitsNotebook-demo-" in item["TopicArn"]:
            yield "topic", item["TopicArn"]


def plant_studio(client: Client) -> Planted:
    """Plant Studios: by name, and in a VPC of ours."""
    ec2, emr, iam = client("ec2"), client("emr"), client("iam")
    role = iam.create_role(RoleName="studio", AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"]
    ours = [item["VpcId"] for item in ec2.describe_vpcs(Filters=[_ENVIRONMENT])["Vpcs"]]
    vpc = ours[0] if ours else ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    default = next(item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"] if item["IsDefault"])
    for name, network in (("fruits-demo", default), ("by hand", vpc), ("of others", default)):
        subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.20.16.0/20")["Subnet"]["SubnetId"]
        groups = [
            ec2.create_security_group(GroupName=f"{name} {kind}", Description=kind, VpcId=network)["GroupId"]
            for kind in ("engine", "workspace")
        ]
        studio = emr.create_studio(
            Name=name,
            AuthMode="IAM",
            VpcId=network,
            SubnetIds=[subnet],
            ServiceRole=role,
            WorkspaceSecurityGroupId=groups[1],
            EngineSecurityGroupId=groups[0],
            DefaultS3Location="s3://somebody/",
        )["StudioId"]
        if name != "of others":
            yield "EMR Studio", studio
        if network == vpc:
            yield "subnet", subnet
            yield from (("security group", group) for group in groups)


_ENVIRONMENT: "FilterTypeDef" = {"Name": "tag:environment", "Values": ["demo"]}
