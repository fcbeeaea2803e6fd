"""Where the subnets of an existing VPC lead: to S3, which the nodes need, and to the internet, which they do not."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops.aws.account import asking
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning
from ops.preflight.network import inside, vpc_of

Described = Mapping[str, Any]

_TARGETS: Final = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "CoreNetworkArn",
)
_PRIVATE_SUBNETS: Final = "name private subnets with -c subnets=…"


def way_to_s3(scope: Scope) -> Finding:
    """Follow the routes of each subnet: to S3 by an endpoint or by a gateway that is no way in."""
    name, ec2 = vpc_of(scope), scope.client("ec2")
    with asking(f"read the routes of {name}"):
        tables = ec2.describe_route_tables(Filters=inside(name))["RouteTables"]
        listed = ec2.describe_vpc_endpoints(Filters=inside(name))["VpcEndpoints"]
    service = f".{scope.region}.s3"
    endpoints = [
        item
        for item in listed
        if item["VpcId"] == name and item["ServiceName"].endswith(service) and item["State"].lower() == "available"
    ]
    routes = {subnet: _table_of(subnet, tables) for subnet in scope.settings.subnets}
    public = [subnet for subnet, table in routes.items() if _default_route(table).startswith("igw-")]
    if public:
        text = f"{', '.join(public)} lead to an internet gateway: nodes have no addresses that it would let through"
        return failure(text, _PRIVATE_SUBNETS)
    cut_off = {
        subnet: table.get("RouteTableId", "")
        for subnet, table in routes.items()
        if not _default_route(table) and not _endpoints_of(table, endpoints)
    }
    if cut_off:
        fix = f"aws ec2 create-vpc-endpoint --vpc-id {name} --service-name com.amazonaws{service} --route-table-ids"
        text = f"from {', '.join(cut_off)} no route leads to S3"
        return failure(text, f"{fix} {' '.join(sorted(set(cut_off.values())))} --region {scope.region}")
    return _judge(routes, endpoints)


def _judge(routes: Mapping[str, Described], endpoints: Sequence[Described]) -> Finding:
    ways_out = sorted({way for table in routes.values() if (way := _default_route(table))})
    if ways_out:
        text = f"nodes reach the internet by {', '.join(ways_out)}, on the ports 80 and 443"
        return warning(f"{text}: their groups leave this to the routes")
    used = {item["VpcEndpointId"]: item for table in routes.values() for item in _endpoints_of(table, endpoints)}
    narrow = [name for name, item in used.items() if not _lets_all_through(item.get("PolicyDocument"))]
    if narrow:
        text = f"{', '.join(narrow)} has a policy of its own"
        return warning(f"{text}: docs/networks.md names the buckets that it has to let through")
    return ok(f"by {', '.join(used)}, and nowhere else")


def _table_of(subnet: str, tables: Sequence[Described]) -> Described:
    """Return the route table of a subnet: its own, or the main one of the VPC."""
    main: Described = {}
    for table in tables:
        for use in table.get("Associations", ()):
            if use.get("SubnetId") == subnet:
                return table
            if use.get("Main"):
                main = table
    return main


def _default_route(table: Described) -> str:
    """Return what a table sends everything else to; nothing if it sends it nowhere."""
    for route in table.get("Routes", ()):
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State", "active") == "active":
            return next((str(route[key]) for key in _TARGETS if route.get(key)), "")
    return ""


def _endpoints_of(table: Described, endpoints: Sequence[Described]) -> list[Described]:
    """Return the endpoints of S3 that a table leads to; one with interfaces answers to the name of S3 everywhere."""
    return [
        item
        for item in endpoints
        if table.get("RouteTableId") in item.get("RouteTableIds", ()) or item.get("PrivateDnsEnabled")
    ]


def _lets_all_through(policy: str | None) -> bool:
    """Return whether the policy of an endpoint is the one that it has unless somebody writes another."""
    if not policy:
        return True
    statements = json.loads(policy).get("Statement", [])
    return any(
        (item["Effect"], item.get("Action"), item.get("Resource")) == ("Allow", "*", "*") and not item.get("Condition")
        for item in ([statements] if isinstance(statements, dict) else statements)
    )


CHECKS: Final = (Check("Way to S3", way_to_s3, ("ec2",)),)
