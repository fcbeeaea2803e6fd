"""``fruits destroy``: all goes that should, whatever blocks it or has happened before, and nothing else."""

import dataclasses
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.inventory import inventory
from rehearsal.node.reports import NodeReports
from tests.ops.commands import Fruits, fruits_with
from tests.rehearsal.clusters import TAGS, make_roles, run_cluster, wait_for, wait_for_state
from tests.rehearsal.small_stacks import CLUSTER, GROUPS, TOPIC, make_stack, make_storage, stack_states
from tests.rehearsal.switches import Switches

if TYPE_CHECKING:
    from types_boto3_emr.literals import ClusterStateType

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[4]
SETTINGS = {"mode": "interactive", "notebook": "true", "remove_data": "true", "email": "team@example.org"}


@pytest.fixture
def fruits(aws: EmbeddedAws) -> Fruits:
    return fruits_with(aws)


@pytest.fixture
def emptied(client: Client) -> Iterator[Client]:
    """An account in which a test may leave what it likes."""
    yield client
    for name in stack_states(client):
        client("cloudformation").update_termination_protection(StackName=name, EnableTerminationProtection=False)
    s3 = client("s3")
    for bucket in [item["Name"] for item in s3.list_buckets()["Buckets"] if item["Name"].startswith("fruits")]:
        for version in _versions(client, bucket):
            s3.delete_object(Bucket=bucket, **version)
    wait_for(lambda: not _delete_again(client))


def _versions(client: Client, bucket: str) -> list[dict[str, Any]]:
    page = client("s3").list_object_versions(Bucket=bucket)
    items = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in items]


def _delete_again(client: Client) -> dict[str, str]:
    left = stack_states(client)
    for name, state in left.items():
        if not state.endswith("_IN_PROGRESS"):
            client("cloudformation").delete_stack(StackName=name)
    return left


def test_nothing_deployed_is_said_and_is_no_failure(fruits: Fruits) -> None:
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert "Nothing of fruits-demo that was asked for is there to destroy in eu-west-3" in result.output
    assert result.output.rstrip().endswith("nothing left on the bill")


def test_without_a_word_nothing_is_destroyed(emptied: Client, fruits: Fruits) -> None:
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    result = fruits("destroy")
    assert result.exit_code == 2
    assert "add --yes" in result.output
    assert stack_states(emptied) == {"FruitsGuard-demo": "CREATE_COMPLETE"}


def test_the_data_stays_unless_it_is_asked_for(emptied: Client, fruits: Fruits) -> None:
    names = make_storage(emptied)
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    emptied("s3").put_object(Bucket=names["Data"], Key="images/apple.jpg", Body=b"apple")
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {"FruitsStorage-demo": "CREATE_COMPLETE"}
    assert "photographs, results and logs are kept" in result.output
    assert "nothing left on the bill, beside what is kept on purpose" in result.output


def test_stacks_of_other_environments_stay(emptied: Client, fruits: Fruits) -> None:
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    make_stack(emptied, "FruitsGuard-dev", TOPIC)
    assert fruits("destroy", "--yes").exit_code == 0
    assert stack_states(emptied) == {"FruitsGuard-dev": "CREATE_COMPLETE"}


def test_a_key_to_data_that_stays_is_refused(fruits: Fruits) -> None:
    result = fruits("destroy", "--yes-delete", "bucket")
    assert result.exit_code == 2
    assert "stays without --all" in result.output


def test_one_stack_goes_alone(emptied: Client, fruits: Fruits) -> None:
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    make_stack(emptied, "FruitsNotebook-demo", TOPIC)
    result = fruits("destroy", "--stack", "FruitsNotebook", "--yes")
    assert "FruitsGuard-demo: not asked for" in result.output
    assert stack_states(emptied) == {"FruitsGuard-demo": "CREATE_COMPLETE"}


def test_a_stack_that_others_of_ours_need_takes_them_along(emptied: Client, fruits: Fruits) -> None:
    _two_that_share(emptied, "FruitsCompute-demo")
    result = fruits("destroy", "--stack", "FruitsGuard", "--yes")
    assert result.exit_code == 0, result.output
    assert result.output.index("FruitsCompute-demo is gone") < result.output.index("deleting FruitsGuard-demo")
    assert stack_states(emptied) == {}


def test_a_stack_that_somebody_else_needs_is_refused(emptied: Client, fruits: Fruits) -> None:
    _two_that_share(emptied, "Shop")
    result = fruits("destroy", "--yes")
    assert result.exit_code == 1
    assert (
        "FruitsGuard-demo cannot be destroyed: Shop belongs to another application and imports from it" in result.output
    )
    assert "FruitsGuard-demo" in stack_states(emptied)
    emptied("cloudformation").delete_stack(StackName="Shop")
    wait_for(lambda: "Shop" not in _names(emptied))


def _two_that_share(client: Client, importer: str) -> None:
    shared = {"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "topic"}}}
    make_stack(client, "FruitsGuard-demo", TOPIC, outputs=shared)
    subscription = {"TopicArn": {"Fn::ImportValue": "topic"}, "Protocol": "email", "Endpoint": "team@example.org"}
    make_stack(client, importer, {"Mail": {"Type": "AWS::SNS::Subscription", "Properties": subscription}})


def _names(client: Client) -> set[str]:
    return {item["StackName"] for item in client("cloudformation").describe_stacks()["Stacks"]}


def test_a_cluster_that_runs_is_ended_even_if_it_is_protected(emptied: Client, fruits: Fruits) -> None:
    make_roles(emptied)
    cluster = run_cluster(emptied, Name="by hand", Tags=TAGS)
    other = run_cluster(emptied, Name="of others", Tags=[])
    emptied("emr").set_termination_protection(JobFlowIds=[cluster], TerminationProtected=True)
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    states = {item["Id"]: item["Status"]["State"] for item in emptied("emr").list_clusters()["Clusters"]}
    assert states[cluster] == "TERMINATED"
    assert states[other] == "WAITING"
    emptied("emr").terminate_job_flows(JobFlowIds=[other])


def test_a_cluster_that_has_ended_by_itself_hinders_nothing(emptied: Client, fruits: Fruits) -> None:
    make_roles(emptied)
    cluster = make_stack(emptied, "FruitsCompute-demo", CLUSTER)["Cluster"]
    emptied("emr").terminate_job_flows(JobFlowIds=[cluster])
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {}


def test_a_cluster_that_emr_has_forgotten_is_retained_and_its_stack_goes(
    emptied: Client, aws: EmbeddedAws, fruits: Fruits
) -> None:
    make_roles(emptied)
    cluster = make_stack(emptied, "FruitsCompute-demo", CLUSTER)["Cluster"]
    emptied("emr").terminate_job_flows(JobFlowIds=[cluster])
    wait_for_state(emptied, cluster, "TERMINATED")
    Switches(aws).advance(days=62)
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert f"EMR has forgotten {cluster}, which ended long ago: going on without it" in result.output
    assert stack_states(emptied) == {}


def test_a_deployment_under_way_is_waited_for_and_destroyed(emptied: Client, aws: EmbeddedAws, fruits: Fruits) -> None:
    make_roles(emptied)
    node = NodeReports(aws)
    node.choose_launch("hold")
    try:
        body = json.dumps({"Resources": CLUSTER})
        emptied("cloudformation").create_stack(StackName="FruitsCompute-demo", TemplateBody=body, Tags=TAGS)
        (cluster,) = wait_for(lambda: _clusters(emptied, "STARTING"))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_end_when_told, emptied, node, cluster)
            result = fruits("destroy", "--yes")
    finally:
        node.choose_launch("launch")
    assert result.exit_code == 0, result.output
    assert "FruitsCompute-demo, CREATE_IN_PROGRESS" in result.output
    assert stack_states(emptied) == {}


def _clusters(client: Client, *states: "ClusterStateType") -> list[str]:
    return [item["Id"] for item in client("emr").list_clusters(ClusterStates=list(states))["Clusters"]]


def _end_when_told(client: Client, node: NodeReports, cluster: str) -> None:
    wait_for(lambda: cluster in _clusters(client, "TERMINATING"))
    node.cluster(cluster, "TERMINATED", code="USER_REQUEST")


def test_a_rule_that_emr_has_added_does_not_block(emptied: Client, fruits: Fruits) -> None:
    ids = make_stack(emptied, "FruitsNetwork-demo", GROUPS)
    _refer_to_each_other(emptied("ec2"), ids["Nodes"], ids["Service"])
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert re.search(r"revoked \d rules that name", result.output)
    assert stack_states(emptied) == {}


def _refer_to_each_other(ec2: Any, *groups: str) -> None:
    for group, peer in (groups, reversed(groups)):
        pairs = [{"GroupId": peer, "UserId": ACCOUNT}]
        rule = [{"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "UserIdGroupPairs": pairs}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)


def test_what_emr_has_made_in_the_network_goes_with_it(emptied: Client, fruits: Fruits) -> None:
    ids = make_stack(emptied, "FruitsNetwork-demo", GROUPS)
    ec2, vpc = emptied("ec2"), ids["Vpc"]
    names = ("ElasticMapReduce-Master-Private", "ElasticMapReduce-ServiceAccess")
    made = [ec2.create_security_group(GroupName=name, Description="EMR", VpcId=vpc)["GroupId"] for name in names]
    _refer_to_each_other(ec2, *made)
    _refer_to_each_other(ec2, made[0], ids["Nodes"])
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-west-3.elasticmapreduce",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "emr-service-vpce"}]}],
    )
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/20")["Subnet"]["SubnetId"]
    own = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    other = ec2.create_network_interface(SubnetId=_default_subnet(ec2))["NetworkInterface"]["NetworkInterfaceId"]
    ec2.delete_subnet(SubnetId=subnet)  # the stack has none; AWS would refuse
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {}
    interfaces = {item["NetworkInterfaceId"] for item in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    assert other in interfaces
    assert own not in interfaces
    assert not [item for item in ec2.describe_security_groups()["SecurityGroups"] if item["VpcId"] == vpc]
    assert not [item for item in ec2.describe_vpc_endpoints()["VpcEndpoints"] if item["VpcId"] == vpc]


def _default_subnet(ec2: Any) -> str:
    listed = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return str(listed[0]["SubnetId"])


def test_what_blocks_and_is_nobodys_guess_is_told_and_the_rest_goes(emptied: Client, fruits: Fruits) -> None:
    ids = make_stack(emptied, "FruitsNetwork-demo", GROUPS)
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    ec2 = emptied("ec2")
    group = ec2.create_security_group(GroupName="bastion", Description="by hand", VpcId=ids["Vpc"])["GroupId"]
    result = fruits("destroy", "--yes")
    assert result.exit_code == 1
    assert "not all is destroyed: FruitsNetwork-demo: AWS::EC2::VPC" in result.output
    assert "run the same command again" in result.output
    assert f"security group {group}" in result.output
    assert stack_states(emptied) == {"FruitsNetwork-demo": "DELETE_FAILED"}
    ec2.delete_security_group(GroupId=group)
    assert fruits("destroy", "--yes").exit_code == 0
    assert stack_states(emptied) == {}


def test_what_waits_for_a_stack_that_does_not_go_stays(emptied: Client, fruits: Fruits) -> None:
    ids = make_stack(emptied, "FruitsCompute-demo", GROUPS)
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    ec2 = emptied("ec2")
    group = ec2.create_security_group(GroupName="bastion", Description="by hand", VpcId=ids["Vpc"])["GroupId"]
    result = fruits("destroy", "--yes")
    assert "FruitsGuard-demo: waits for FruitsCompute-demo" in result.output
    assert stack_states(emptied)["FruitsGuard-demo"] == "CREATE_COMPLETE"
    ec2.delete_security_group(GroupId=group)


def test_a_stack_that_could_not_be_deleted_before_is_deleted(emptied: Client, fruits: Fruits) -> None:
    ids = make_stack(emptied, "FruitsNetwork-demo", GROUPS)
    _refer_to_each_other(emptied("ec2"), ids["Nodes"], ids["Service"])
    emptied("cloudformation").delete_stack(StackName="FruitsNetwork-demo")
    wait_for(lambda: stack_states(emptied) == {"FruitsNetwork-demo": "DELETE_FAILED"})
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {}


def test_data_that_is_deployed_to_be_kept_is_kept(emptied: Client, fruits: Fruits) -> None:
    make_storage(emptied, policy="Retain", protected=True)
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    result = fruits("destroy", "--all", "--yes")
    assert result.exit_code == 1
    assert "cdk deploy FruitsStorage -c env=demo -c remove_data=true" in result.output
    assert set(stack_states(emptied)) == {"FruitsStorage-demo", "FruitsGuard-demo"}


def test_data_goes_with_the_second_key_only(emptied: Client, fruits: Fruits) -> None:
    names = make_storage(emptied)
    emptied("s3").put_object(Bucket=names["Data"], Key="images/apple.jpg", Body=b"apple")
    refused = fruits("destroy", "--all", "--yes")
    assert refused.exit_code == 2
    assert f"add --yes-delete {names['Data']}" in refused.output
    assert len(_versions(emptied, names["Data"])) == 1
    result = fruits("destroy", "--all", "--yes-delete", names["Data"])
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {}
    assert result.output.rstrip().endswith("nothing left on the bill")


def test_empty_buckets_need_no_second_key(emptied: Client, fruits: Fruits) -> None:
    make_storage(emptied)
    assert fruits("destroy", "--all", "--yes").exit_code == 0
    assert stack_states(emptied) == {}


def test_what_comes_after_the_plan_is_not_deleted_without_the_second_key(
    emptied: Client, fruits: Fruits, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = make_storage(emptied)

    def put_something(*_: object) -> None:
        emptied("s3").put_object(Bucket=names["Data"], Key="images/apple.jpg", Body=b"apple")

    monkeypatch.setattr("ops.teardown.destroy.command.show_plan", put_something)
    result = fruits("destroy", "--all", "--yes")
    assert result.exit_code == 1
    assert f"add --yes-delete {names['Data']}" in result.output
    assert len(_versions(emptied, names["Data"])) == 1


def destroying(aws: EmbeddedAws, *options: str) -> "subprocess.Popen[str]":
    """Start `fruits destroy` as a process; it tells on standard error what it does."""
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "destroy", *options],
        cwd=ROOT,
        env=aws.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_logs_that_come_late_are_emptied_again(emptied: Client, aws: EmbeddedAws) -> None:
    """A log is written between the emptying and the deletion of the bucket, as EMR does after a cluster's end."""
    names = make_storage(emptied)
    emptied("s3").put_object(Bucket=names["Logs"], Key="emr/j-1/early.gz", Body=b"log")
    process = destroying(aws, "--all", "--yes-delete", names["Data"])
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        late = "deleted 1 entry" in line and not any("deleted 1 entry" in former for former in lines)
        lines.append(line)
        if late:
            emptied("s3").put_object(Bucket=names["Logs"], Key="emr/j-1/late.gz", Body=b"log")
    assert process.wait(60) == 0, lines
    assert [line for line in lines if "attempt 2" in line]
    assert stack_states(emptied) == {}


def test_a_run_that_was_killed_is_finished_by_the_next(emptied: Client, aws: EmbeddedAws, fruits: Fruits) -> None:
    make_storage(emptied)
    make_stack(emptied, "FruitsCompute-demo", TOPIC)
    make_stack(emptied, "FruitsNetwork-demo", GROUPS)
    process = destroying(aws, "--yes")
    assert process.stderr is not None
    for line in process.stderr:
        if "deleting FruitsCompute-demo" in line:
            process.kill()
    process.wait(30)
    assert "FruitsNetwork-demo" in stack_states(emptied)
    result = fruits("destroy", "--yes")
    assert result.exit_code == 0, result.output
    assert stack_states(emptied) == {"FruitsStorage-demo": "CREATE_COMPLETE"}


def test_a_stack_of_the_budgets_region_goes_too(emptied: Client, aws: EmbeddedAws, fruits: Fruits) -> None:
    frankfurt = _elsewhere(aws, "eu-central-1")
    make_stack(frankfurt, "FruitsBudget-demo", TOPIC)
    result = fruits("destroy", "--yes", "-c", "region=eu-north-1")
    assert result.exit_code == 0, result.output
    assert "FruitsBudget-demo is gone" in result.output
    assert stack_states(frankfurt) == {}


def _elsewhere(aws: EmbeddedAws, region: str) -> Client:
    return clients_of(dataclasses.replace(aws, region=region))


def test_destruction_is_repeated_against_a_denial(emptied: Client, aws: EmbeddedAws) -> None:
    make_stack(emptied, "FruitsGuard-demo", TOPIC)
    iam = emptied("iam")
    iam.create_user(UserName="reader")
    allowed = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cloudformation:DeleteStack", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    denied = fruits_with(aws, AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])(
        "destroy", "--yes"
    )
    assert denied.exit_code == 1
    assert "FruitsGuard-demo: cannot delete FruitsGuard-demo: access denied (DeleteStack)" in denied.output
    assert "FruitsGuard-demo" in stack_states(emptied)


@pytest.mark.long
def test_the_real_stacks_go_with_everything_that_blocks_them(tmp_path: Path, synthesise: Callable[..., Path]) -> None:
    with embedded_aws(tmp_path) as own:
        client, fruits = clients_of(own), fruits_with(own)
        cdk = Cdk(synthesise(**SETTINGS), own.environment())
        cdk.bootstrap(ACCOUNT, own.region)
        before = inventory(client)
        cdk.deploy()
        outputs = _outputs(client, "FruitsStorage-demo")
        for bucket in outputs.values():
            client("s3").put_object(Bucket=bucket, Key="results/apple", Body=b"apple")
        ec2 = client("ec2")
        groups = [
            item["GroupId"]
            for item in ec2.describe_security_groups()["SecurityGroups"]
            if item["GroupName"].startswith("FruitsN")
        ]
        for group, peer in itertools.pairwise(groups):
            _refer_to_each_other(ec2, group, peer)
        refused = fruits("empty", "--yes-delete", outputs["DataBucket"])
        assert "is WAITING and uses" in refused.output
        first = fruits("destroy", "--yes")
        assert first.exit_code == 0, first.output
        assert re.search(r"Saves .*\d\.\d\d USD a month", first.output)
        second = fruits("destroy", "--all", "--yes-delete", outputs["DataBucket"])
        assert second.exit_code == 0, second.output
        left = {item for item in inventory(client) - before if not item.startswith("emr cluster TERMINATED ")}
        kept = {"kms key PendingDeletion", "kms key AWS", "service-linked role"}
        assert {item.rpartition(" ")[0] for item in left} <= kept
        assert second.output.rstrip().endswith("nothing left on the bill")


def _outputs(client: Client, stack: str) -> dict[str, str]:
    listed = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {item["OutputKey"]: item["OutputValue"] for item in listed if item["OutputKey"].endswith("Bucket")}
