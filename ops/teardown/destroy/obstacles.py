"""What EMR has made beside the stacks, which CloudFormation does not know and trips over."""

import time
from collections.abc import Sequence
from typing import Any, Final

from ops.aws.account import Client, asking
from ops.aws.templates import held_by
from ops.teardown.destroy.stack import Failure, Progress

_ENDPOINT_ENDS_WITHIN_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 5.0
_EMR_GROUPS: Final = "ElasticMapReduce-"
_EMR_ENDPOINT: Final = "emr-service-vpce"
_GROUP: Final = "AWS::EC2::SecurityGroup"
_IN_A_NETWORK: Final = ("AWS::EC2::Subnet", "AWS::EC2::VPC", _GROUP)


def clear(client: Client, stack: str, failures: Sequence[Failure], on_progress: Progress) -> bool:
    """Clear what has kept resources from being deleted; return whether there was anything.

    Raises
    ------
    AwsRefused
        If EC2 cannot be asked or refuses.
    """
    groups = [failure.physical_id for failure in failures if failure.kind == _GROUP and failure.physical_id]
    cleared = bool(groups) and _revoke_rules(client("ec2"), groups, on_progress)
    if any(failure.kind in _IN_A_NETWORK for failure in failures):
        cleared |= clear_network(client, stack, on_progress)
    return cleared


def clear_network(client: Client, stack: str, on_progress: Progress) -> bool:
    """Delete what EMR has made in the VPC of a stack: groups, its endpoint, interfaces that nobody uses.

    Raises
    ------
    AwsRefused
        If AWS cannot be asked or refuses.
    """
    networks = held_by(client, stack, "AWS::EC2::VPC")
    if not networks:
        return False
    ec2 = client("ec2")
    with asking(f"clear {', '.join(networks)}"):
        cleared = _delete_endpoints(ec2, networks, on_progress)
        cleared |= _delete_interfaces(ec2, networks, on_progress)
        return _delete_groups(ec2, networks, on_progress) or cleared


def _delete_endpoints(ec2: Any, networks: Sequence[str], on_progress: Progress) -> bool:
    made_by_emr = [
        item["VpcEndpointId"]
        for item in ec2.describe_vpc_endpoints(Filters=_inside(networks))["VpcEndpoints"]
        if {"Key": "Name", "Value": _EMR_ENDPOINT} in item.get("Tags", ()) and item["State"].lower() != "deleting"
    ]
    if made_by_emr:
        ec2.delete_vpc_endpoints(VpcEndpointIds=made_by_emr)
        on_progress(f"deleting EMR's endpoint {', '.join(made_by_emr)}")
        _wait_for_endpoints(ec2, networks, set(made_by_emr))
    return bool(made_by_emr)


def _wait_for_endpoints(ec2: Any, networks: Sequence[str], going: set[str]) -> None:
    """Wait until endpoints have given their interfaces back, which block their subnets until then."""
    deadline = time.monotonic() + _ENDPOINT_ENDS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        listed = ec2.describe_vpc_endpoints(Filters=_inside(networks))["VpcEndpoints"]
        if not [item for item in listed if item["VpcEndpointId"] in going and item["State"].lower() != "deleted"]:
            return
        time.sleep(_POLL_SECONDS)


def _delete_interfaces(ec2: Any, networks: Sequence[str], on_progress: Progress) -> bool:
    unused = [
        item["NetworkInterfaceId"]
        for item in ec2.describe_network_interfaces(Filters=_inside(networks))["NetworkInterfaces"]
        if item["VpcId"] in networks and item["Status"] == "available"
    ]
    for interface in unused:
        ec2.delete_network_interface(NetworkInterfaceId=interface)
        on_progress(f"deleted the unused network interface {interface}")
    return bool(unused)


def _delete_groups(ec2: Any, networks: Sequence[str], on_progress: Progress) -> bool:
    groups = [
        item["GroupId"]
        for item in ec2.describe_security_groups(Filters=_inside(networks))["SecurityGroups"]
        if item["GroupName"].startswith(_EMR_GROUPS)
    ]
    if groups:
        _revoke_rules(ec2, groups, on_progress)
    for group in groups:
        ec2.delete_security_group(GroupId=group)
        on_progress(f"deleted EMR's security group {group}")
    return bool(groups)


def _revoke_rules(ec2: Any, groups: Sequence[str], on_progress: Progress) -> bool:
    """Revoke the rules by which these groups and others name each other."""
    revoked = 0
    with asking("revoke the rules between security groups"):
        for page in ec2.get_paginator("describe_security_group_rules").paginate():
            for rule in page["SecurityGroupRules"]:
                peer = rule.get("ReferencedGroupInfo", {}).get("GroupId")
                if peer is None or not {peer, rule["GroupId"]} & set(groups):
                    continue
                revoke = ec2.revoke_security_group_egress if rule["IsEgress"] else ec2.revoke_security_group_ingress
                revoke(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
                revoked += 1
    if revoked:
        on_progress(f"revoked {revoked} rules that name {', '.join(groups)}")
    return bool(revoked)


def _inside(networks: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": list(networks)}]
