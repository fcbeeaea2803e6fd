"""Which of AWS's services a node reaches: those that the network of its cluster leads to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import Client
from rehearsal.network.names import EVERYTHING
from rehearsal.node.routes import reached_services, why_unreachable
from tests.rehearsal.nodes import create_stack
from tests.rehearsal.templates import template

STACK = "FruitsNetwork-demo"


@pytest.fixture(scope="module")
def subnet(client: Client, synthesise: Callable[..., Path]) -> str:
    """A subnet of the deployed network."""
    content = template(synthesise(), "FruitsNetwork")
    ours = {name: item for name, item in content["Resources"].items() if item["Type"].startswith("AWS::EC2::")}
    for item in ours.values():
        item["Properties"].pop("PolicyDocument", None)  # it names buckets of another stack
    create_stack(client, STACK, {"Resources": ours})
    resources = client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    subnets = [item["PhysicalResourceId"] for item in resources if item["ResourceType"] == "AWS::EC2::Subnet"]
    return str(subnets[0])


def test_the_deployed_network_leads_to_s3_and_to_nothing_else(client: Client, subnet: str) -> None:
    assert reached_services(client, subnet) == {"s3"}


def test_without_its_endpoint_it_leads_nowhere(client: Client, subnet: str) -> None:
    ec2 = client("ec2")
    (vpc,) = {item["VpcId"] for item in ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]}
    (endpoint,) = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    tables = endpoint["RouteTableIds"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], RemoveRouteTableIds=tables)
    try:
        assert reached_services(client, subnet) == frozenset()
        assert why_unreachable(client, subnet).endswith(f"Route Table for Subnet: {subnet} for VPC: {vpc}")
    finally:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], AddRouteTableIds=tables)


def test_a_way_to_the_internet_leads_everywhere(client: Client, subnet: str) -> None:
    ec2: Any = client("ec2")
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (table,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=found["VpcId"])
    route = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    ec2.create_route(**route, GatewayId=gateway)
    try:
        assert reached_services(client, subnet) == (EVERYTHING,)
    finally:
        ec2.delete_route(**route)


def test_the_default_network_leads_everywhere(client: Client) -> None:
    assert reached_services(client, "") == (EVERYTHING,)
