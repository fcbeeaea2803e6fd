"""Checks of a VPC that somebody else has made, on answers of the shape of EC2's: each thing that may be missing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from infra.security_group_rules import REQUIRED_OPENINGS, Opening
from ops.aws.given import read_given
from ops.preflight import capacity, groups, network, routes
from ops.preflight.examination import CHECKS, checks_of
from ops.preflight.findings import Finding, Outcome, Scope
from tests.ops.preflight.test_preflight_checks import Services

VPC = "vpc-0123456789abcdef0"
SUBNETS = ("subnet-0123456789abcdef0", "subnet-1123456789abcdef0")
GROUPS = {"primary": "sg-0123456789abcdef0", "core": "sg-1123456789abcdef0", "service": "sg-2123456789abcdef0"}
TAGS = [{"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}]
EVERYWHERE = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def services() -> Iterator[Services]:
    laid_down = Services()
    yield laid_down
    laid_down.all_asked()


def _scope(services: Services, *values: str) -> Scope:
    named = (f"vpc={VPC}", f"subnets={','.join(SUBNETS)}", "core_vcpus=8", "task_spot_vcpus=8")
    return Scope(read_given([*named, *values]).settings, "", services, services)


def _vpc(services: Services, *, hostnames: bool = True, tags: Sequence[Mapping[str, str]] = ()) -> Finding:
    services.answer("ec2", "describe_vpcs", {"Vpcs": [{"VpcId": VPC, "Tags": list(tags)}]}, VpcIds=[VPC])
    for key, value in (("EnableDnsSupport", True), ("EnableDnsHostnames", hostnames)):
        services.answer("ec2", "describe_vpc_attribute", {"VpcId": VPC, key: {"Value": value}})
    return network.vpc(_scope(services))


def test_these_checks_are_made_only_where_a_vpc_is_named() -> None:
    own = read_given(["env=demo"]).settings
    others = read_given([f"vpc={VPC}", f"subnets={SUBNETS[0]}"]).settings
    assert checks_of(own) == CHECKS
    titles = [check.title for check in checks_of(others)[len(CHECKS) :]]
    assert titles == ["VPC", "Subnets", "Way to S3", "Security groups"]


def test_a_vpc_that_is_not_there_is_named(services: Services) -> None:
    services.refuse("ec2", "describe_vpcs", "InvalidVpcID.NotFound")
    found = network.vpc(_scope(services))
    assert (found.outcome, found.text) == (Outcome.FAILURE, f"there is no {VPC} in eu-west-3")


def test_a_vpc_without_host_names_is_a_failure_with_the_command(services: Services) -> None:
    found = _vpc(services, hostnames=False)
    assert found.outcome is Outcome.FAILURE
    assert found.fix == f"aws ec2 modify-vpc-attribute --vpc-id {VPC} --enable-dns-hostnames --region eu-west-3"


def test_a_vpc_in_which_emr_may_make_an_endpoint_is_a_warning(services: Services) -> None:
    found = _vpc(services, tags=TAGS)
    assert (found.outcome, "EMR may make an endpoint" in found.text) == (Outcome.WARNING, True)


def _subnet(name: str, *, free: int = 250, tags: Sequence[Mapping[str, str]] = TAGS) -> dict[str, Any]:
    zone = f"eu-west-3{'ab'[SUBNETS.index(name)]}"
    return {"SubnetId": name, "AvailabilityZone": zone, "AvailableIpAddressCount": free, "Tags": list(tags)}


@pytest.mark.parametrize(
    ("described", "outcome", "said"),
    [
        ([_subnet(SUBNETS[0])], Outcome.FAILURE, f"{SUBNETS[1]} are not in {VPC}"),
        ([_subnet(SUBNETS[0], tags=()), _subnet(SUBNETS[1])], Outcome.FAILURE, f"{SUBNETS[0]} lack the tag"),
        ([_subnet(SUBNETS[0], free=4), _subnet(SUBNETS[1], free=3)], Outcome.FAILURE, "5 nodes to start, 5 at most"),
        ([_subnet(SUBNETS[0], free=4), _subnet(SUBNETS[1])], Outcome.WARNING, "EMR may pick a subnet that is too"),
        ([_subnet(SUBNETS[0], free=5), _subnet(SUBNETS[1], free=5)], Outcome.OK, "free addresses: 5 in"),
    ],
)
def test_subnets_are_in_the_vpc_emrs_to_use_and_have_an_address_for_each_node(
    described: list[dict[str, Any]], outcome: Outcome, said: str, services: Services
) -> None:
    services.answer("ec2", "describe_subnets", {"Subnets": described})
    found = network.subnets(_scope(services, "core_instance_types=m5.xlarge", "task_instance_types=m5.xlarge"))
    assert (found.outcome, said in found.text) == (outcome, True), found


def _table(name: str, *subnets: str, way: Mapping[str, str] | None = None) -> dict[str, Any]:
    uses: list[dict[str, Any]] = [{"SubnetId": subnet} for subnet in subnets] or [{"Main": True}]
    routes = [{"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **way}] if way else []
    return {"RouteTableId": name, "Associations": uses, "Routes": routes}


def _endpoint(*tables: str, policy: str = "") -> dict[str, Any]:
    found = {
        "VpcEndpointId": "vpce-1",
        "VpcId": VPC,
        "ServiceName": "com.amazonaws.eu-west-3.s3",
        "State": "available",
        "RouteTableIds": list(tables),
    }
    return found | ({"PolicyDocument": policy} if policy else {})


@pytest.mark.parametrize(
    ("tables", "endpoints", "outcome", "said"),
    [
        ([_table("rtb-1")], [_endpoint("rtb-1")], Outcome.OK, "by vpce-1, and nowhere else"),
        ([_table("rtb-1")], [], Outcome.FAILURE, "no route leads to S3"),
        (
            [_table("rtb-1"), _table("rtb-2", SUBNETS[1])],
            [_endpoint("rtb-1")],
            Outcome.FAILURE,
            f"from {SUBNETS[1]} no",
        ),
        ([_table("rtb-1", way={"NatGatewayId": "nat-1"})], [], Outcome.WARNING, "reach the internet by nat-1"),
        ([_table("rtb-1", way={"GatewayId": "igw-1"})], [], Outcome.FAILURE, "lead to an internet gateway"),
        ([_table("rtb-1")], [_endpoint("rtb-1", policy='{"Statement": []}')], Outcome.WARNING, "a policy of its own"),
    ],
)
def test_each_subnet_leads_to_s3_and_a_way_into_the_internet_is_said(
    tables: list[dict[str, Any]], endpoints: list[dict[str, Any]], outcome: Outcome, said: str, services: Services
) -> None:
    services.answer("ec2", "describe_route_tables", {"RouteTables": tables})
    services.answer("ec2", "describe_vpc_endpoints", {"VpcEndpoints": endpoints})
    found = routes.way_to_s3(_scope(services))
    assert (found.outcome, said in found.text) == (outcome, True), found


def test_the_command_for_an_endpoint_names_the_tables_that_lack_it(services: Services) -> None:
    services.answer("ec2", "describe_route_tables", {"RouteTables": [_table("rtb-1"), _table("rtb-2", SUBNETS[1])]})
    services.answer("ec2", "describe_vpc_endpoints", {"VpcEndpoints": []})
    fix = routes.way_to_s3(_scope(services)).fix
    assert f"--vpc-id {VPC} --service-name com.amazonaws.eu-west-3.s3 --route-table-ids rtb-1 rtb-2 " in fix


def _rule(opening: Opening) -> dict[str, Any]:
    peer = (
        {"IpRanges": [{"CidrIp": opening.peer}]}
        if "/" in opening.peer
        else {"UserIdGroupPairs": [{"GroupId": GROUPS[opening.peer]}]}
    )
    return {"IpProtocol": opening.protocol, "FromPort": opening.first, "ToPort": opening.last, **peer}


def _groups(services: Services, has: Callable[[Opening], bool], *, tags: Sequence[Mapping[str, str]] = TAGS) -> Finding:
    described = [
        {
            "GroupId": number,
            "Tags": list(tags),
            "IpPermissions": [_rule(item) for item in REQUIRED_OPENINGS if _is(item, "in", name) and has(item)],
            "IpPermissionsEgress": [_rule(item) for item in REQUIRED_OPENINGS if _is(item, "out", name) and has(item)],
        }
        for name, number in GROUPS.items()
    ]
    services.answer("ec2", "describe_security_groups", {"SecurityGroups": described})
    return groups.security_groups(_scope(services, f"security_groups={','.join(GROUPS.values())}"))


def _is(opening: Opening, direction: str, group: str) -> bool:
    return (opening.direction, opening.group) == (direction, group)


def test_groups_of_others_with_all_rules_are_fine(services: Services) -> None:
    assert _groups(services, lambda _: True).outcome is Outcome.OK


@pytest.mark.parametrize("gone", REQUIRED_OPENINGS, ids=str)
def test_a_rule_that_a_group_of_others_lacks_is_named(gone: Opening, services: Services) -> None:
    found = _groups(services, lambda opening: opening != gone)
    assert found.outcome is (Outcome.FAILURE if gone.direction == "out" else Outcome.WARNING)
    assert f"{gone.direction} {gone.group} {gone.protocol} {gone.first}-{gone.last} with {gone.peer}" in found.text
    assert found.fix.startswith("aws ec2 authorize-security-group-egress") == (gone.direction == "out")


def test_groups_without_emrs_tag_are_a_failure(services: Services) -> None:
    found = _groups(services, lambda _: True, tags=())
    assert (found.outcome, "create-tags" in found.fix) == (Outcome.FAILURE, True)


def test_the_zones_of_instance_types_are_those_of_the_subnets(services: Services) -> None:
    services.answer("ec2", "describe_subnets", {"Subnets": [_subnet(name) for name in SUBNETS]})
    services.offer(("eu-west-3a", "m5.xlarge"), ("eu-west-3b", "m5.xlarge"))
    named = [f"{fleet}_instance_types=m5.xlarge" for fleet in ("primary", "core", "task")]
    found = capacity.instance_types(_scope(services, *named))
    assert (found.outcome, found.text) == (Outcome.OK, "1 types in eu-west-3a, eu-west-3b")
