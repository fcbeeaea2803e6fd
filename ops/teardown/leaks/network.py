"""Networks and what lies in them."""

from collections.abc import Iterator
from typing import Final

from ops.aws.account import Client
from ops.pricing.amount import FREE
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper, pages, tags_of

_GONE: Final = ("deleted", "deleting", "failed")  # failed ones bill nothing, either


def own_networks(client: Client, scope: Scope) -> frozenset[str]:
    """Find the VPCs of a deployment, by their tags."""
    listed = pages(client("ec2"), "describe_vpcs", "Vpcs")
    return frozenset(item["VpcId"] for item in listed if scope.by_tags(tags_of(item.get("Tags"))))


def _networks(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_vpcs", "Vpcs"):
        if claim := scope.by_tags(tags_of(item.get("Tags"))):
            yield Leftover(
                kind="VPC",
                id=item["VpcId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-vpc --vpc-id {item['VpcId']}"),
                detail="after all that lies in it",
            )


def _subnets(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_subnets", "Subnets"):
        if claim := scope.by_tags(tags_of(item.get("Tags"))) or scope.by_network(item["VpcId"]):
            yield Leftover(
                kind="subnet",
                id=item["SubnetId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-subnet --subnet-id {item['SubnetId']}"),
            )


def _route_tables(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_route_tables", "RouteTables"):
        if any(use.get("Main") for use in item.get("Associations", ())):
            continue  # goes with its VPC
        if claim := scope.by_tags(tags_of(item.get("Tags"))) or scope.by_network(item["VpcId"]):
            yield Leftover(
                kind="route table",
                id=item["RouteTableId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-route-table --route-table-id {item['RouteTableId']}"),
            )


def _internet_gateways(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_internet_gateways", "InternetGateways"):
        networks = [use.get("VpcId") for use in item.get("Attachments", ())]
        claims = [scope.by_tags(tags_of(item.get("Tags"))), *map(scope.by_network, networks)]
        if claim := next(filter(None, claims), None):
            yield Leftover(
                kind="internet gateway",
                id=item["InternetGatewayId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-internet-gateway --internet-gateway-id {item['InternetGatewayId']}"),
                detail="detach it first" if networks else "",
            )


def _security_groups(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_security_groups", "SecurityGroups"):
        if item["GroupName"] == "default":
            continue  # goes with its VPC
        tags, name = tags_of(item.get("Tags")), item["GroupName"]
        if claim := scope.by_tags(tags) or scope.by_network(item.get("VpcId")) or scope.by_name(name):
            yield Leftover(
                kind="security group",
                id=item["GroupId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-security-group --group-id {item['GroupId']}"),
                detail=f"{name}, made by EMR" if name.startswith("ElasticMapReduce-") else name,
            )


def _network_interfaces(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_network_interfaces", "NetworkInterfaces"):
        if claim := scope.by_tags(tags_of(item.get("TagSet"))) or scope.by_network(item.get("VpcId")):
            used = item["Status"] != "available"
            yield Leftover(
                kind="network interface",
                id=item["NetworkInterfaceId"],
                claim=claim,
                command=scope.aws(f"ec2 delete-network-interface --network-interface-id {item['NetworkInterfaceId']}"),
                detail=", ".join(filter(None, (item.get("Description"), "goes with what uses it" if used else ""))),
            )


def _endpoints(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_vpc_endpoints", "VpcEndpoints"):
        claim = scope.by_tags(tags_of(item.get("Tags"))) or scope.by_network(item.get("VpcId"))
        if not claim or item["State"].lower() in _GONE:
            continue
        gateway = item["VpcEndpointType"] == "Gateway"
        zones = max(1, len(item.get("SubnetIds", ())))
        yield Leftover(
            kind="VPC endpoint",
            id=item["VpcEndpointId"],
            claim=claim,
            monthly=FREE if gateway else scope.prices.interface_endpoint(scope.region) * zones,
            command=scope.aws(f"ec2 delete-vpc-endpoints --vpc-endpoint-ids {item['VpcEndpointId']}"),
            detail=f"{item['VpcEndpointType']}, {item['ServiceName']}" + ("" if gateway else f", zones: {zones}"),
        )


def _nat_gateways(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("ec2"), "describe_nat_gateways", "NatGateways"):
        claim = scope.by_tags(tags_of(item.get("Tags"))) or scope.by_network(item.get("VpcId"))
        if claim and item["State"] not in _GONE:
            yield Leftover(
                kind="NAT gateway",
                id=item["NatGatewayId"],
                claim=claim,
                monthly=scope.prices.nat_gateway(scope.region),
                command=scope.aws(f"ec2 delete-nat-gateway --nat-gateway-id {item['NatGatewayId']}"),
                detail="without the data that it passes on",
            )


# In the order in which they can be deleted by hand.
SWEEPERS: Final = (
    Sweeper("NAT gateways", _nat_gateways, ("ec2",)),
    Sweeper("VPC endpoints", _endpoints, ("ec2",)),
    Sweeper("network interfaces", _network_interfaces, ("ec2",)),
    Sweeper("security groups", _security_groups, ("ec2",)),
    Sweeper("internet gateways", _internet_gateways, ("ec2",)),
    Sweeper("route tables", _route_tables, ("ec2",)),
    Sweeper("subnets", _subnets, ("ec2",)),
    Sweeper("VPCs", _networks, ("ec2",)),
)
