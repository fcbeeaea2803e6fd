"""What a deployment opens: security groups, and the shields of buckets and other stores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.templates import as_list
from ops.review.changes import ResourceChange
from ops.review.consequences import Consequence, Level
from ops.review.names import Names, Sides
from ops.review.stacks import Template

_GROUP: Final = "AWS::EC2::SecurityGroup"
_RULES: Final = {
    "AWS::EC2::SecurityGroupIngress": "from",
    "AWS::EC2::SecurityGroupEgress": "to",
}
_INLINE: Final = {"SecurityGroupIngress": "from", "SecurityGroupEgress": "to"}
_PEERS: Final = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "SourcePrefixListId",
    "DestinationPrefixListId",
)
_ANYWHERE: Final = ("0.0.0.0/0", "::/0")
_PROTOCOLS: Final = {"-1": "everything", "6": "tcp", "17": "udp", "1": "icmp"}
_PUBLIC_ACCESS: Final = "PublicAccessBlockConfiguration"
_ENCRYPTION: Final = ("BucketEncryption", "KmsMasterKeyId", "KmsKeyId", "SSESpecification")


@dataclass(frozen=True, order=True)
class Opening:
    """What a security group lets through.

    Parameters
    ----------
    stack, group
        The group.
    way
        ``from`` or ``to`` the peer.
    peer
        Addresses, a prefix list or a group.
    protocol, first, last
        Ports, or types of ICMP; -1 for all of them.
    """

    stack: str
    group: str
    way: str
    peer: str
    protocol: str
    first: int
    last: int

    def covers(self, other: "Opening") -> bool:
        """Return whether all that passes another passes here, addresses compared as they are written."""
        ports = self.protocol == "everything" or (
            self.protocol == other.protocol
            and (self.first == -1 or (other.first != -1 and self.first <= other.first and other.last <= self.last))
        )
        same_end = (self.stack, self.group, self.way) == (other.stack, other.group, other.way)
        return same_end and ports and (self.peer == other.peer or (self.peer in _ANYWHERE and "/" in other.peer))

    @property
    def text(self) -> str:
        """What passes, for people: ``tcp 22 from 0.0.0.0/0``."""
        ports = (
            "" if self.first == -1 else f" {self.first}" if self.first == self.last else f" {self.first}-{self.last}"
        )
        return f"{self.protocol}{ports} {self.way} {self.peer}"


def openings(sides: Sides) -> Iterator[Consequence]:
    """Find what security groups let through and did not."""
    names = sides.names
    before, after = (set(_openings(side, names)) for side in (sides.old, sides.new))
    groups = {(item.stack, item.group) for item in before}
    usual: dict[tuple[str, str], list[str]] = {}
    for item in sorted(after - before):
        group = (item.stack, item.group)
        world = item.peer in _ANYWHERE
        if group not in groups and not (world and item.way == "from"):
            usual.setdefault(group, []).append(item.text)
        elif not any(other.covers(item) for other in before):
            whole = " (anywhere on the internet)" if world else ""
            yield _found(Level.WARNING, names, group, f"the security group lets through {item.text}{whole}")
    for group, texts in usual.items():
        yield _found(Level.NOTE, names, group, f"the new security group lets through {'; '.join(texts)}")


def _found(level: Level, names: Names, group: tuple[str, str], text: str) -> Consequence:
    return Consequence(level=level, subject="network", where=f"{names.stack(group[0])} {group[1]}", text=text)


def _openings(templates: Mapping[str, Template], names: Names) -> Iterator[Opening]:
    for stack, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            properties = resource.get("Properties", {})
            if resource["Type"] == _GROUP:
                group = names.resource(stack, logical_id)
                for key, way in _INLINE.items():
                    for rule in as_list(properties.get(key)):
                        yield _opening(stack, group, way, rule, names)
            elif resource["Type"] in _RULES:
                target = names.target(properties.get("GroupId"), stack)
                group = (
                    names.resource(target.stack, target.logical_id)
                    if target
                    else names.text(properties.get("GroupId"), stack)
                )
                yield _opening(stack, group, _RULES[resource["Type"]], properties, names)


def _opening(stack: str, group: str, way: str, rule: Mapping[str, Any], names: Names) -> Opening:
    protocol = str(rule.get("IpProtocol", "-1"))
    peers = [names.text(rule[key], stack) for key in _PEERS if key in rule]
    return Opening(
        stack=stack,
        group=group,
        way=way,
        peer=", ".join(peers) or "anybody",
        protocol=_PROTOCOLS.get(protocol, protocol),
        first=_port(rule.get("FromPort", -1)),
        last=_port(rule.get("ToPort", -1)),
    )


def _port(value: Any) -> int:
    return int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdigit() else -1


def lowered_shields(change: ResourceChange, names: Names, *, where: str) -> Iterator[Consequence]:
    """Find the protections of a store that a change takes away.

    Parameters
    ----------
    change, names, where
        Arguments as of `ops.review.losses.losses`.
    """
    old, new = change.old.get("Properties", {}), change.new.get("Properties", {})
    if not (old and change.new):
        return

    def found(text: str) -> Consequence:
        return Consequence(level=Level.WARNING, subject="data", where=where, text=text)

    blocks = old.get(_PUBLIC_ACCESS, {})
    lost = sorted(
        key for key, value in blocks.items() if value is True and new.get(_PUBLIC_ACCESS, {}).get(key) is not True
    )
    if lost:
        yield found(f"public access is no longer blocked by {', '.join(lost)}")
    for key in _ENCRYPTION:
        if key in old and old[key] != new.get(key):
            before, after = (names.text(_algorithms(side.get(key, "none")), change.stack) for side in (old, new))
            gone = key not in new
            text = (
                f"its own setting of encryption is removed ({before})"
                if gone
                else f"encryption of new data changes: {before} -> {after}"
            )
            yield found(text)
    if "LoggingConfiguration" in old and "LoggingConfiguration" not in new:
        yield found("who reads it is no longer logged")


def _algorithms(value: Any) -> Any:
    """Shorten the encryption of a bucket to its algorithm and key."""
    if not isinstance(value, Mapping):
        return value
    rules = [
        item.get("ServerSideEncryptionByDefault", {}) for item in value.get("ServerSideEncryptionConfiguration", ())
    ]
    return rules[0].get("SSEAlgorithm", value) if len(rules) == 1 and "KMSMasterKeyID" not in rules[0] else value
