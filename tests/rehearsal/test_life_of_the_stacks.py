"""The real stacks, by the CDK's command line: deployed, deployed again, changed, replaced, destroyed."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk, Outcome
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.inventory import inventory
from tests.rehearsal.templates import properties, template

pytestmark = pytest.mark.long

SETTINGS = {"mode": "interactive", "notebook": "true", "remove_data": "true", "email": "team@example.org"}


@dataclass
class Life:
    """What each stage has said, and what could be seen after it."""

    printed: dict[str, Outcome] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


def _live_cluster(client: Client) -> dict[str, Any]:
    emr = client("emr")
    live = emr.list_clusters(ClusterStates=["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"])["Clusters"]
    (summary,) = [item for item in live if item["Name"] == "fruits-demo"]
    cluster = emr.describe_cluster(ClusterId=summary["Id"])["Cluster"]
    scaling = emr.get_managed_scaling_policy(ClusterId=summary["Id"])["ManagedScalingPolicy"]
    idle_stop = emr.get_auto_termination_policy(ClusterId=summary["Id"])["AutoTerminationPolicy"]
    return {**cluster, "IdleStop": idle_stop, "Most": scaling["ComputeLimits"]["MaximumCapacityUnits"]}


@pytest.fixture(scope="module")
def life(cdk: Callable[[Path], Cdk], client: Client, synthesise: Callable[..., Path]) -> Life:
    """Take the stacks through their life, once for all tests."""
    life = Life()
    first = synthesise(**SETTINGS)
    more = {**SETTINGS, "task_spot_vcpus": 16}
    larger = synthesise(**more)
    next_run = synthesise(**more, run_id="second")
    life.before = inventory(client)
    life.printed["deploy"] = cdk(first).deploy()
    life.clusters["deployed"] = _live_cluster(client)
    life.shown = _shown(client, life.clusters["deployed"]["Id"])
    life.printed["deploy again"] = cdk(first).deploy()
    life.printed["diff"] = cdk(first).diff()
    life.printed["diff of more nodes"] = cdk(larger).diff("FruitsCompute")
    life.printed["more nodes"] = cdk(larger).deploy("FruitsCompute")
    life.clusters["more nodes"] = _live_cluster(client)
    life.printed["diff of the run"] = cdk(next_run).diff("FruitsCompute")
    life.printed["next run"] = cdk(next_run).deploy("FruitsCompute")
    life.clusters["next run"] = _live_cluster(client)
    life.printed["destroy"] = cdk(next_run).destroy()
    life.after = inventory(client)
    return life


def _shown(client: Client, cluster_id: str) -> dict[str, Any]:
    emr = client("emr")
    named = {"AccountId": ACCOUNT, "BudgetName": "fruits-demo"}
    warnings = client("budgets").describe_notifications_for_budget(**named)["Notifications"]
    (machine,) = client("stepfunctions").list_state_machines()["stateMachines"]
    studio = emr.list_studios()["Studios"][0]["StudioId"]
    return {
        "stacks": {
            item["StackName"]: item["StackStatus"]
            for item in client("cloudformation").describe_stacks()["Stacks"]
            if item["StackName"].startswith("Fruits")
        },
        "subscribers": [
            client("budgets").describe_subscribers_for_notification(**named, Notification=warning)["Subscribers"]
            for warning in warnings
        ],
        "key": _disk_key(client),
        "roles": {role["RoleName"]: role for role in client("iam").list_roles()["Roles"]},
        "policies": _role_policies(client("iam")),
        "network": _network(client("ec2")),
        "machine": client("stepfunctions").describe_state_machine(stateMachineArn=machine["stateMachineArn"]),
        "fleets": emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"],
        "scaling": emr.get_managed_scaling_policy(ClusterId=cluster_id)["ManagedScalingPolicy"],
        "bootstrap": emr.list_bootstrap_actions(ClusterId=cluster_id)["BootstrapActions"],
        "studio": emr.describe_studio(StudioId=studio)["Studio"],
        "tables": client("glue").get_tables(DatabaseName="fruits_demo")["TableList"],
        "budget": client("budgets").describe_budget(**named)["Budget"],
        "warnings": warnings,
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "groups": client("ec2").describe_security_groups()["SecurityGroups"],
        "endpoints": client("ec2").describe_vpc_endpoints()["VpcEndpoints"],
        "buckets": {bucket: _bucket(client("s3"), bucket) for bucket in _buckets(client("s3"))},
    }


def _disk_key(client: Client) -> dict[str, Any]:
    names = [item["Name"] for item in client("emr").list_security_configurations()["SecurityConfigurations"]]
    (configuration,) = [name for name in names if name.startswith("FruitsCompute")]
    content = client("emr").describe_security_configuration(Name=configuration)["SecurityConfiguration"]
    disks = json.loads(content)["EncryptionConfiguration"]["AtRestEncryptionConfiguration"]
    arn = disks["LocalDiskEncryptionConfiguration"]["AwsKmsKey"]
    key = client("kms").describe_key(KeyId=arn)["KeyMetadata"]
    return {**key, "Rotates": client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]}


def _role_policies(iam: Any) -> dict[str, list[str]]:
    """Return the actions that each role's own policies name, and the policies attached to it."""
    found = {}
    for role in (item["RoleName"] for item in iam.list_roles()["Roles"] if item["RoleName"].startswith("Fruits")):
        documents = [
            iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        actions = [statement["Action"] for document in documents for statement in document["Statement"]]
        found[role] = [action for item in actions for action in (item if isinstance(item, list) else [item])]
        found[role] += [
            item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        ]
    return found


def _network(ec2: Any) -> dict[str, Any]:
    (vpc,) = [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"] if item["CidrBlock"] == "10.20.0.0/16"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    return {
        name: ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[name[0].upper() + name[1:]]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    } | {"subnets": ec2.describe_subnets(Filters=filters)["Subnets"]}


def _buckets(s3: Any) -> list[str]:
    return [item["Name"] for item in s3.list_buckets()["Buckets"] if item["Name"].startswith("fruitsstorage")]


def _bucket(s3: Any, name: str) -> dict[str, Any]:
    return {
        "encryption": s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"],
        "lifecycle": s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"],
        "ownership": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "tags": {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]},
        "logging": s3.get_bucket_logging(Bucket=name).get("LoggingEnabled"),
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "public": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
    }


def test_all_stacks_are_deployed(life: Life) -> None:
    stacks = {f"Fruits{name}-demo" for name in ("Storage", "Network", "Guard", "Compute", "Notebook")}
    assert life.shown["stacks"] == dict.fromkeys(stacks, "CREATE_COMPLETE")


def test_deploying_again_changes_nothing(life: Life) -> None:
    assert life.printed["deploy again"].text.count("(no changes)") == 5


def test_what_is_deployed_does_not_differ_from_the_app(life: Life) -> None:
    assert life.printed["diff"].code == 0
    assert "Number of stacks with differences: 0" in life.printed["diff"].text


def test_more_nodes_change_the_cluster_in_place(life: Life) -> None:
    assert life.printed["diff of more nodes"].code == 1
    changes = life.printed["diff of more nodes"].text.rpartition("Resources\n")[2]
    assert "[~] AWS::EMR::Cluster" in changes
    assert not re.search(r"AWS::EMR::Cluster .* replace\n", changes)
    assert life.clusters["more nodes"]["Id"] == life.clusters["deployed"]["Id"]
    assert life.clusters["deployed"]["IdleStop"] == {"IdleTimeout": 900}
    assert life.clusters["more nodes"]["Most"] > life.clusters["deployed"]["Most"]


def test_another_run_replaces_the_cluster(life: Life, client: Client) -> None:
    changes = life.printed["diff of the run"].text.rpartition("Resources\n")[2]
    assert re.search(r"\[[~+-]+\] AWS::EMR::Cluster .* replace\n", changes)
    assert life.clusters["next run"]["Id"] != life.clusters["deployed"]["Id"]
    former = client("emr").describe_cluster(ClusterId=life.clusters["deployed"]["Id"])["Cluster"]
    assert former["Status"]["State"] == "TERMINATED"
    assert former["Status"]["StateChangeReason"]["Code"] == "USER_REQUEST"


def test_destroying_leaves_what_aws_keeps_and_nothing_else(life: Life) -> None:
    left = {item for item in life.after - life.before if not item.startswith("emr cluster TERMINATED ")}
    # A key is deleted after its waiting time; the key of S3 is the account's own.
    kept = {"kms key PendingDeletion", "kms key AWS", "service-linked role"}
    assert {item.rpartition(" ")[0] for item in left} <= kept


def test_the_cluster_shows_what_the_template_sets(life: Life, synthesise: Callable[..., Path]) -> None:
    (wanted,) = properties(template(synthesise(**SETTINGS), "FruitsCompute"), "AWS::EMR::Cluster")
    cluster = life.clusters["deployed"]
    for key in ("Name", "ReleaseLabel", "EbsRootVolumeSize", "ScaleDownBehavior", "StepConcurrencyLevel"):
        assert cluster[key] == wanted[key], key
    assert cluster["Status"]["State"] == "WAITING"
    assert not cluster["AutoTerminate"]
    assert [item["Name"] for item in cluster["Applications"]] == [item["Name"] for item in wanted["Applications"]]
    shown = [
        _with_words_of_the_template(*pair)
        for pair in zip(cluster["Configurations"], wanted["Configurations"], strict=True)
    ]
    assert shown == _as_shown(wanted["Configurations"])
    tags = {tag["Key"]: tag["Value"] for tag in cluster["Tags"]}
    assert {tag["Key"]: tag["Value"] for tag in wanted["Tags"]}.items() <= tags.items()
    assert tags["aws:cloudformation:stack-name"] == "FruitsCompute-demo"
    attributes = cluster["Ec2InstanceAttributes"]
    groups = [attributes[f"EmrManaged{kind}SecurityGroup"] for kind in ("Master", "Slave")]
    groups.append(attributes["ServiceAccessSecurityGroup"])
    assert len(set(groups)) == 3
    assert all(group.startswith("sg-") for group in groups)
    assert len(attributes["RequestedEc2SubnetIds"]) == len(wanted["Instances"]["Ec2SubnetIds"]) == 3
    assert attributes["Ec2SubnetId"] in attributes["RequestedEc2SubnetIds"]
    # EMR wants a name here; an ARN fails on AWS.
    assert attributes["IamInstanceProfile"].startswith("FruitsCompute")
    assert life.shown["scaling"] == wanted["ManagedScalingPolicy"]


def _with_words_of_the_template(shown: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Put references in the place of what they have become; a reference that has become nothing stays a difference."""
    settings = wanted.get("ConfigurationProperties", {})
    words = {
        name: settings[name] if isinstance(settings.get(name), dict) and text and "{" not in text else text
        for name, text in shown["Properties"].items()
    }
    inner = zip(shown["Configurations"], wanted.get("Configurations", []), strict=True)
    return {**shown, "Properties": words, "Configurations": [_with_words_of_the_template(*pair) for pair in inner]}


def _as_shown(configurations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "Classification": item["Classification"],
            "Properties": item.get("ConfigurationProperties", {}),
            "Configurations": _as_shown(item.get("Configurations", [])),
        }
        for item in configurations
    ]


def test_the_fleets_have_their_spot_capacity_in_an_account_that_is_new_to_spot(life: Life) -> None:
    got = {fleet["InstanceFleetType"]: fleet["ProvisionedSpotCapacity"] for fleet in life.shown["fleets"]}
    asked = {fleet["InstanceFleetType"]: fleet["TargetSpotCapacity"] for fleet in life.shown["fleets"]}
    assert got == asked
    assert asked["TASK"] > 0
    assert "AWSServiceRoleForEC2Spot" in life.shown["roles"]


def test_the_fleets_show_what_the_template_sets(life: Life, synthesise: Callable[..., Path]) -> None:
    (wanted,) = properties(template(synthesise(**SETTINGS), "FruitsCompute"), "AWS::EMR::Cluster")
    instances = wanted["Instances"]
    given = [instances["MasterInstanceFleet"], instances["CoreInstanceFleet"], *instances["TaskInstanceFleets"]]
    assert [fleet["InstanceFleetType"] for fleet in life.shown["fleets"]] == ["MASTER", "CORE", "TASK"]
    for fleet, asked in zip(life.shown["fleets"], given, strict=True):
        assert fleet["Status"]["State"] == "RUNNING"
        for key in ("TargetOnDemandCapacity", "TargetSpotCapacity"):
            assert fleet[key] == asked.get(key, 0)
        assert fleet.get("LaunchSpecifications") == asked.get("LaunchSpecifications")
        assert fleet["InstanceTypeSpecifications"] == asked["InstanceTypeConfigs"]


def test_bootstrap_action_and_studio_are_as_deployed(life: Life) -> None:
    (action,) = life.shown["bootstrap"]
    assert action["ScriptPath"].startswith("s3://cdk-")
    assert action["Args"][0].endswith(".zip")
    studio = life.shown["studio"]
    assert studio["AuthMode"] == "IAM"
    assert studio["EngineSecurityGroupId"] != studio["WorkspaceSecurityGroupId"]
    assert len(studio["SubnetIds"]) == 3


def test_buckets_show_encryption_lifecycle_tags_and_ownership(life: Life) -> None:
    assert len(life.shown["buckets"]) == 3
    for name, bucket in life.shown["buckets"].items():
        (rule,) = bucket["encryption"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256", name
        assert bucket["ownership"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["tags"]["project"] == "fruits"
        assert all(bucket["public"].values())
        assert any(
            rule.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 1} for rule in bucket["lifecycle"]
        )
    logs = next(name for name in life.shown["buckets"] if "logs" in name)
    data = next(bucket for name, bucket in life.shown["buckets"].items() if "data" in name)
    assert {bucket["versioning"] for bucket in life.shown["buckets"].values()} == {"Enabled"}
    assert data["logging"] == {"TargetBucket": logs, "TargetPrefix": "s3-access/data/"}
    assert {
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in data["lifecycle"]
        if "NoncurrentVersionExpiration" in rule
    } == {7, 30}
    assert any(rule.get("Expiration") == {"ExpiredObjectDeleteMarker": True} for rule in data["lifecycle"])
    assert {
        rule["Expiration"]["Days"]
        for rule in life.shown["buckets"][logs]["lifecycle"]
        if "Days" in rule.get("Expiration", {})
    } == {30, 90}


def test_tables_project_their_partitions(life: Life) -> None:
    tables = {table["Name"]: table for table in life.shown["tables"]}
    assert set(tables) == {"features", "projections", "quarantine"}
    assert tables["features"]["Parameters"]["projection.model.type"] == "injected"
    assert tables["features"]["Parameters"]["storage.location.template"].endswith("features/model=${model}/")
    assert {"Name": "feature", "Type": "array<float>"} in tables["features"]["StorageDescriptor"]["Columns"]
    assert tables["features"]["PartitionKeys"] == [{"Name": "model", "Type": "string"}]


def test_the_budget_warns_at_each_share(life: Life) -> None:
    assert life.shown["budget"]["BudgetLimit"] == {"Amount": "20", "Unit": "USD"}
    found = sorted((item["NotificationType"], item["Threshold"]) for item in life.shown["warnings"])
    assert found == [("ACTUAL", 50.0), ("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0)]

    arn = life.shown["alarms"][0]["AlarmActions"][0]
    assert life.shown["subscribers"] == [[{"SubscriptionType": "SNS", "Address": arn}]] * 4


def test_the_key_of_the_disks_rotates(life: Life) -> None:
    assert life.shown["key"]["Rotates"]
    assert life.shown["key"]["Description"] == "Disks of the nodes of an EMR cluster"


def test_roles_have_the_rights_of_the_template(life: Life) -> None:
    policies = {name: actions for name, actions in life.shown["policies"].items() if "Compute" in name}
    (service,) = [actions for name, actions in policies.items() if "Service" in name]
    (nodes,) = [actions for name, actions in policies.items() if "Nodes" in name]
    assert {"iam:PassRole", "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"} <= set(service)
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"} <= set(nodes)


def test_the_network_is_as_declared(life: Life) -> None:
    network = life.shown["network"]
    assert network["enableDnsSupport"]
    assert network["enableDnsHostnames"]
    assert {subnet["AvailabilityZone"] for subnet in network["subnets"]} == {f"eu-west-3{zone}" for zone in "abc"}
    for subnet in network["subnets"]:
        assert not subnet["MapPublicIpOnLaunch"]
        assert {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"} in subnet["Tags"]


def test_the_state_machine_waits_for_the_maximum_lifetime(life: Life) -> None:
    states = json.loads(life.shown["machine"]["definition"])["States"]
    assert states["Wait"]["Seconds"] == 7200
    assert states["Terminate"]["Resource"].endswith(":states:::aws-sdk:emr:terminateJobFlows")


def test_the_alarm_watches_the_cluster(life: Life) -> None:
    (alarm,) = [item for item in life.shown["alarms"] if item["MetricName"] == "IsIdle"]
    assert alarm["Dimensions"] == [{"Name": "JobFlowId", "Value": life.clusters["deployed"]["Id"]}]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1.0, 3, "notBreaching")


def test_security_groups_have_every_rule_of_the_template(life: Life, synthesise: Callable[..., Path]) -> None:
    for stack in ("FruitsNetwork", "FruitsNotebook"):
        resources = template(synthesise(**SETTINGS), stack)
        for kind, store in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):
            wanted = sorted(item["Description"] for item in properties(resources, f"AWS::EC2::SecurityGroup{kind}"))
            found = sorted(
                pair["Description"]
                for group in life.shown["groups"]
                if any(tag["Value"] == f"{stack}-demo" for tag in group.get("Tags", []))
                for rule in group[store]
                for pair in rule["UserIdGroupPairs"]
            )
            assert found == wanted, f"{stack} {kind}"


def test_the_endpoint_shows_its_policy(life: Life) -> None:
    (endpoint,) = [item for item in life.shown["endpoints"] if item["ServiceName"].endswith(".s3")]
    actions = [statement["Action"] for statement in json.loads(endpoint["PolicyDocument"])["Statement"]]
    assert "s3:*" in actions
    assert len(actions) == 5
