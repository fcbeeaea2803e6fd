"""The rule against a stack that nobody can delete and nodes that reach nothing: all that EMR needs is declared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.templates import Deployment, Finding, as_list, text

_GROUPS = ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "ServiceAccessSecurityGroup")
_MAIN, _CORE, _SERVICE = "primary", "core", "service"
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Opening:
    """One opening between two groups, or to any address.

    Parameters
    ----------
    direction
        ``in`` or ``out``, seen from the group.
    group, peer
        Names of the groups; the peer may be ``0.0.0.0/0``.
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
    """List what EMR adds in a private subnet, and what nodes must be let out to, by its guide to managed groups.

    Ways out are never added by EMR; without them a cluster starts and does not work.
    """
    for group in (_MAIN, _CORE):
        for direction in ("in", "out"):
            for peer in (_MAIN, _CORE):
                yield Opening(direction, group, peer, "tcp", 0, 65535)
                yield Opening(direction, group, peer, "udp", 0, 65535)
                yield Opening(direction, group, peer, "icmp", -1, -1)
        yield Opening("in", group, _SERVICE, "tcp", 8443, 8443)
        yield Opening("out", _SERVICE, group, "tcp", 8443, 8443)
        yield Opening("in", _SERVICE, group, "tcp", 9443, 9443)
        yield Opening("out", group, _SERVICE, "tcp", 9443, 9443)
        for port in (80, 443):
            yield Opening("out", group, _ANYWHERE, "tcp", port, port)


_CONSEQUENCES = {
    "in": "EMR would add it, and cdk destroy would hang on it",
    "out": "EMR does not add it, and the nodes need it",
}
REQUIRED_OPENINGS = tuple(_required())


def complete_security_groups(deployment: Deployment) -> Iterator[Finding]:
    """Every cluster names its three groups, and they have every rule that EMR would add or needs and does not add.

    Of three groups of others no template knows the rules: `fruits preflight` compares them with the same list.
    """
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        instances = cluster.properties["Instances"]
        missing = [key for key in _GROUPS if key not in instances]
        if missing:
            yield cluster.finding(
                "complete-security-groups", f"lets EMR make its own groups: name {', '.join(missing)}"
            )
            continue
        if all(_exists_already(instances[key]) for key in _GROUPS):
            continue
        names = {
            deployment.target(instances[key], cluster.stack): name
            for key, name in zip(_GROUPS, (_MAIN, _CORE, _SERVICE), strict=True)
        }
        declared = set(declared_openings(deployment, names))
        for opening in REQUIRED_OPENINGS:
            if opening not in declared:
                yield cluster.finding(
                    "complete-security-groups",
                    f"lacks the security-group rule {opening.direction} {opening.group} {opening.protocol}"
                    f" {opening.first}-{opening.last} with {opening.peer}: {_CONSEQUENCES[opening.direction]}",
                )


def _exists_already(group: Any) -> bool:
    """Return whether a group is named by an id, and not by a reference to one that is made with it."""
    return isinstance(group, str) and group.startswith("sg-")


def declared_openings(deployment: Deployment, names: dict[str, str]) -> Iterator[Opening]:
    """Iterate over the openings among some groups and to any address.

    Parameters
    ----------
    deployment
        The templates.
    names
        What to call the groups, by `Resource.identity`; rules of others are left out.
    """
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
    anywhere = _ANYWHERE if properties.get("CidrIp") == _ANYWHERE else None
    peer = anywhere or names.get(deployment.target(properties.get(peer_key), stack))
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
