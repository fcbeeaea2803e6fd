"""The rule against a stack that nobody can delete: EMR finds every security-group rule it would add."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.templates import Deployment, Finding, as_list, text

_GROUPS = ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "ServiceAccessSecurityGroup")
_MAIN, _CORE, _SERVICE = "primary", "core", "service"


@dataclass(frozen=True)
class Opening:
    """One opening between two groups.

    Parameters
    ----------
    direction
        ``in`` or ``out``, seen from the group.
    group, peer
        Names of the groups.
    protocol
        ``tcp``, ``udp`` or ``icmp``.
    first, last
        Ports; for ICMP both are -1.
    """

    direction: str
    group: str
    peer: str
    protocol: str
    first: int
    last: int


def _required() -> Iterator[Opening]:
    """List what EMR adds in a private subnet, after its guide to managed security groups."""
    for group in (_MAIN, _CORE):
        for peer in (_MAIN, _CORE):
            yield Opening("in", group, peer, "tcp", 0, 65535)
            yield Opening("in", group, peer, "udp", 0, 65535)
            yield Opening("in", group, peer, "icmp", -1, -1)
        yield Opening("in", group, _SERVICE, "tcp", 8443, 8443)
        yield Opening("out", _SERVICE, group, "tcp", 8443, 8443)
    yield Opening("in", _SERVICE, _MAIN, "tcp", 9443, 9443)
    yield Opening("out", _MAIN, _SERVICE, "tcp", 9443, 9443)


REQUIRED_OPENINGS = tuple(_required())


def complete_security_groups(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster names its three groups, and they have every rule that EMR would otherwise add."""
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        instances = cluster.properties["Instances"]
        missing = [key for key in _GROUPS if key not in instances]
        if missing:
            yield cluster.finding(
                "complete-security-groups", f"lets EMR make its own groups: name {', '.join(missing)}"
            )
            continue
        names = {
            deployment.target(instances[key], cluster.stack): name
            for key, name in zip(_GROUPS, (_MAIN, _CORE, _SERVICE), strict=True)
        }
        declared = set(_declared(deployment, names))
        for opening in REQUIRED_OPENINGS:
            if opening not in declared:
                yield cluster.finding(
                    "complete-security-groups",
                    f"lacks the security-group rule {opening.direction} {opening.group} {opening.protocol}"
                    f" {opening.first}-{opening.last} with {opening.peer}: EMR would add it,"
                    " and cdk destroy would hang on it",
                )


def _declared(deployment: Deployment, names: dict[str, str]) -> Iterator[Opening]:
    for kind, direction, peer_key, inline in (
        ("AWS::EC2::SecurityGroupIngress", "in", "SourceSecurityGroupId", "SecurityGroupIngress"),
        ("AWS::EC2::SecurityGroupEgress", "out", "DestinationSecurityGroupId", "SecurityGroupEgress"),
    ):
        for rule in deployment.resources(kind):
            group = names.get(deployment.target(rule.properties["GroupId"], rule.stack))
            yield from _openings(deployment, names, rule.stack, direction, group, peer_key, rule.properties)
        for group_resource in deployment.resources("AWS::EC2::SecurityGroup"):
            group = names.get(group_resource.identity)
            for properties in as_list(group_resource.properties.get(inline)):
                yield from _openings(deployment, names, group_resource.stack, direction, group, peer_key, properties)


def _openings(
    deployment: Deployment,
    names: dict[str, str],
    stack: str,
    direction: str,
    group: str | None,
    peer_key: str,
    properties: Any,
) -> Iterator[Opening]:
    peer = names.get(deployment.target(properties.get(peer_key), stack))
    if group and peer:
        protocol = text(properties["IpProtocol"])
        yield Opening(
            direction,
            group,
            peer,
            protocol,
            int(properties.get("FromPort", -1)),
            int(properties.get("ToPort", -1)),
        )
