"""Which of AWS's services the network of a cluster leads to."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from ops.aws.account import Client
from rehearsal.network.names import EVERYTHING

_WAYS_OUT: Final = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId")
_ANYWHERE: Final = "0.0.0.0/0"


def reached_services(client: Client, subnet_id: str) -> Collection[str]:
    """Return the services that instances of a subnet reach: by a way out of the network, or by VPC endpoints.

    Parameters
    ----------
    client
        Of EC2's account.
    subnet_id
        Where the instances are; empty for the default network, which has an internet gateway.

    Returns
    -------
    collection of str
        Names as in those of VPC endpoints, such as ``s3``; `EVERYTHING` where there is a way out.
    """
    if not subnet_id:
        return (EVERYTHING,)
    ec2 = client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    table = _route_table(ec2, subnet)
    routes = table.get("Routes", ())
    if any(route.get("DestinationCidrBlock") == _ANYWHERE and _leads_out(route) for route in routes):
        return (EVERYTHING,)
    return frozenset(_endpoints(ec2, subnet, table))


def why_unreachable(client: Client, subnet_id: str) -> str:
    """Return what EMR says of a subnet whose instances reach nothing at all, and so no script, step or log on S3."""
    (subnet,) = client("ec2").describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    return (
        "The VPC/subnet configuration was invalid: No route to any external sources detected in Route Table for Subnet:"
        f" {subnet_id} for VPC: {subnet['VpcId']}"
    )


def _route_table(ec2: Any, subnet: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the table that belongs to the subnet, or the main one of its network."""
    wanted = {"Name": "vpc-id", "Values": [subnet["VpcId"]]}
    main: Mapping[str, Any] = {}
    for table in ec2.describe_route_tables(Filters=[wanted])["RouteTables"]:
        for association in table.get("Associations", ()):
            if association.get("SubnetId") == subnet["SubnetId"]:
                found: Mapping[str, Any] = table
                return found
            if association.get("Main"):
                main = table
    return main


def _leads_out(route: Mapping[str, Any]) -> bool:
    return any(route.get(way, "local") != "local" for way in _WAYS_OUT)


def _endpoints(ec2: Any, subnet: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[str]:
    wanted = {"Name": "vpc-id", "Values": [subnet["VpcId"]]}
    for endpoint in ec2.describe_vpc_endpoints(Filters=[wanted])["VpcEndpoints"]:
        gateway = table.get("RouteTableId") in endpoint.get("RouteTableIds", ())
        interface = subnet["SubnetId"] in endpoint.get("SubnetIds", ())
        if gateway or interface:
            yield endpoint["ServiceName"].rpartition(".")[2]
