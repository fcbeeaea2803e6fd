"""A deployment into a VPC that another app has made: the preflight looks at it, the cluster is in it, and it stays."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from ops.aws.given import read_given
from ops.preflight import groups, network, routes
from ops.preflight.findings import Outcome, Scope
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from tests.ops.commands import Fruits, fruits_with
from tests.rehearsal.clusters import make_roles, run_cluster, wait_for_state
from tests.rehearsal.nodes import create_stack
from tests.rehearsal.templates import template

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import TagTypeDef

EMR_TAG: "TagTypeDef" = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}
STACKS = ("FruitsStorage", "FruitsNetwork", "FruitsGuard", "FruitsCompute")


def _subnet(letter: str, number: int) -> dict[str, Any]:
    properties = {
        "VpcId": {"Ref": "Vpc"},
        "CidrBlock": f"10.0.{number}.0/24",
        "AvailabilityZone": f"eu-west-3{letter}",
        "Tags": [EMR_TAG],
    }
    return {"Type": "AWS::EC2::Subnet", "Properties": properties}


def _routed(subnet: str) -> dict[str, Any]:
    properties = {"RouteTableId": {"Ref": "Routes"}, "SubnetId": {"Ref": subnet}}
    return {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": properties}


COMPANY: Mapping[str, Any] = {
    "Vpc": {
        "Type": "AWS::EC2::VPC",
        "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True, "EnableDnsHostnames": True},
    },
    "First": _subnet("a", 0),
    "Second": _subnet("b", 1),
    "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
    "FirstRoutes": _routed("First"),
    "SecondRoutes": _routed("Second"),
    "S3": {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": "com.amazonaws.eu-west-3.s3",
            "VpcEndpointType": "Gateway",
            "RouteTableIds": [{"Ref": "Routes"}],
        },
    },
}
"""The network of a company, as its own app would make it."""


@dataclass(frozen=True)
class Place:
    """An account with a company's network, and what of it our settings name."""

    client: Client
    fruits: Fruits
    ids: Mapping[str, str]

    @property
    def settings(self) -> dict[str, str]:
        return {"vpc": self.ids["Vpc"], "subnets": f"{self.ids['First']},{self.ids['Second']}"}

    def scope(self, **given: str) -> Scope:
        """What the preflight of these settings looks at."""
        values = [f"{key}={value}" for key, value in given.items()]
        return Scope(read_given(values).settings, "", self.client, self.client)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with embedded_aws(tmp_path_factory.mktemp("company")) as running:
        yield running


@pytest.fixture(scope="module")
def place(account: EmbeddedAws) -> Place:
    client = clients_of(account)
    create_stack(client, "company-network", {"Resources": COMPANY})
    listed = client("cloudformation").describe_stack_resources(StackName="company-network")["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}
    return Place(client, fruits_with(account), ids)


@pytest.fixture(scope="module")
def cluster(place: Place, synthesise: Callable[..., Path]) -> Mapping[str, Any]:
    """The cluster of all stacks, deployed into the company's network."""
    app = synthesise(**place.settings)
    for stack in STACKS:
        create_stack(place.client, f"{stack}-demo", template(app, stack))
    (listed,) = place.client("emr").list_clusters(ClusterStates=["RUNNING", "WAITING"])["Clusters"]
    found: Mapping[str, Any] = place.client("emr").describe_cluster(ClusterId=listed["Id"])["Cluster"]
    return found


def test_the_preflight_finds_all_that_emr_needs(place: Place) -> None:
    scope = place.scope(**place.settings)
    checks = (network.move, network.vpc, network.subnets, routes.way_to_s3, groups.security_groups)
    found = [check(scope) for check in checks]
    assert [item for item in found if item.outcome is not Outcome.OK] == []
    assert place.ids["S3"] in found[3].text


def test_the_cluster_runs_in_the_companys_subnets_with_groups_of_ours(place: Place, cluster: Mapping[str, Any]) -> None:
    attributes = cluster["Ec2InstanceAttributes"]
    assert attributes["RequestedEc2SubnetIds"] == [place.ids["First"], place.ids["Second"]]
    ours = [attributes["EmrManagedMasterSecurityGroup"], attributes["ServiceAccessSecurityGroup"]]
    described = place.client("ec2").describe_security_groups(GroupIds=ours)["SecurityGroups"]
    assert {item["VpcId"] for item in described} == {place.ids["Vpc"]}


def test_a_deployed_cluster_does_not_move_to_a_network_of_its_own(place: Place, cluster: Mapping[str, Any]) -> None:
    assert cluster["Id"]
    assert network.move(place.scope(**place.settings)).outcome is Outcome.OK
    found = network.move(place.scope())
    assert (found.outcome, place.ids["Vpc"] in found.text) == (Outcome.FAILURE, True)
    assert found.fix == "fruits destroy --stack FruitsNetwork"


def test_to_destroy_the_deployment_leaves_the_companys_network_as_it_was(
    place: Place, cluster: Mapping[str, Any]
) -> None:
    assert cluster["Id"]
    said = place.fruits("destroy", "--yes")
    assert said.exit_code == 0, said.output
    ec2 = place.client("ec2")
    left = [item for item in ec2.describe_security_groups()["SecurityGroups"] if item["VpcId"] == place.ids["Vpc"]]
    assert [item["GroupName"] for item in left] == ["default"]
    assert len(ec2.describe_subnets(SubnetIds=[place.ids["First"], place.ids["Second"]])["Subnets"]) == 2
    assert place.ids["S3"] in {item["VpcEndpointId"] for item in ec2.describe_vpc_endpoints()["VpcEndpoints"]}


def test_a_subnet_without_emrs_tag_is_named_by_the_preflight_and_ends_a_cluster(place: Place) -> None:
    ec2, bare = place.client("ec2"), place.ids["Second"]
    ec2.delete_tags(Resources=[bare], Tags=[EMR_TAG])
    try:
        found = network.subnets(place.scope(**place.settings))
        assert (found.outcome, bare in found.text) == (Outcome.FAILURE, True)
        assert found.fix.startswith(f"aws ec2 create-tags --resources {bare} ")
        _attach_emrs_policy(place.client)
        cluster_id = run_cluster(place.client, Instances=_in(bare))
        ended = wait_for_state(place.client, cluster_id, "TERMINATED_WITH_ERRORS")
        assert f"subnet/{bare}" in ended["StateChangeReason"]["Message"]
    finally:
        ec2.create_tags(Resources=[bare], Tags=[EMR_TAG])


def test_groups_and_subnets_of_two_networks_make_no_cluster(place: Place) -> None:
    make_roles(place.client)
    ec2 = place.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="elsewhere", Description="elsewhere", VpcId=other)["GroupId"]
    refused = place.client("emr").exceptions.ClientError
    with pytest.raises(refused, match=f"'{group}' and the subnet '{place.ids['First']}' belong to different VPCs"):
        run_cluster(place.client, Instances=_in(place.ids["First"]) | {"EmrManagedMasterSecurityGroup": group})


def _attach_emrs_policy(client: Client) -> None:
    make_roles(client)
    policy = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
    client("iam").attach_role_policy(RoleName="emr-service", PolicyArn=policy)


def _in(subnet: str) -> dict[str, Any]:
    fleet = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}
    types = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
    return {"KeepJobFlowAliveWhenNoSteps": True, "Ec2SubnetIds": [subnet], "InstanceFleets": [fleet | types]}
