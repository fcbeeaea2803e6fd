"""CloudFormation's types of single rules of security groups, and groups that cannot go while others name them."""

import hashlib
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.types import Attributes, Properties, Replacement, ResourceType

_STORES: Final = {"in": "IpPermissions", "out": "IpPermissionsEgress"}
_PORTS: Final = ("CidrIp", "CidrIpv6", "FromPort", "GroupId", "IpProtocol", "ToPort")


def _rule_type(direction: str, *peers: str) -> ResourceType:
    store = _STORES[direction]

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Attributes]:
        rules = _group(properties)[store]
        for rule in vanilla.provisioners._ec2_sg_permissions([properties]):
            if any(_bare(rule) == _bare(other) for other in rules):
                raise ValueError(f"the specified rule {_bare(rule)} already exists")
            rules.append(rule)
        number = hashlib.sha256(f"{stack}/{logical_id}/{sorted(properties.items())}".encode()).hexdigest()[:17]
        return f"sgr-{number}", {"Id": f"sgr-{number}"}

    def update(rule_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> tuple[str, Attributes]:
        delete(rule_id, old)
        _group(new)[store].extend(vanilla.provisioners._ec2_sg_permissions([new]))
        return rule_id, {"Id": rule_id}

    def delete(_rule_id: str, properties: Properties) -> None:
        rules = _group(properties)[store]
        for rule in vanilla.provisioners._ec2_sg_permissions([properties]):
            if rule in rules:
                rules.remove(rule)

    return ResourceType(create=create, update=update, delete=delete, replacement=Replacement(always=(*_PORTS, *peers)))


def _group(properties: Properties) -> dict[str, Any]:
    group: dict[str, Any] | None = vanilla.ec2._security_groups.get(properties.get("GroupId"))
    if group is None:
        raise ValueError(f"The security group '{properties.get('GroupId')}' does not exist")
    return group


def _bare(rule: dict[str, Any]) -> dict[str, Any]:
    """Leave out descriptions, by which AWS does not tell rules apart."""
    return {
        key: [{name: text for name, text in item.items() if name != "Description"} for item in value]
        if isinstance(value, list)
        else value
        for key, value in rule.items()
    }


def _users(group_id: str) -> list[str]:
    return [
        group["GroupId"]
        for group in vanilla.ec2._security_groups.values()
        if group["GroupId"] != group_id
        for store in _STORES.values()
        for rule in group[store]
        for pair in rule["UserIdGroupPairs"]
        if pair.get("GroupId") == group_id
    ]


def install() -> None:
    """Refuse, as EC2 does, to delete a group that the rules of another one name."""
    handlers = vanilla.provisioners._RESOURCE_HANDLERS["AWS::EC2::SecurityGroup"]
    vanilla_delete = handlers["delete"]

    def delete(group_id: str, properties: Properties) -> None:
        if _users(group_id):
            raise ValueError(f"resource {group_id} has a dependent object")
        vanilla_delete(group_id, properties)

    handlers["delete"] = delete


TYPES: Final = {
    "AWS::EC2::SecurityGroupIngress": _rule_type(
        "in",
        *("GroupName", "SourcePrefixListId", "SourceSecurityGroupId"),
        *("SourceSecurityGroupName", "SourceSecurityGroupOwnerId"),
    ),
    "AWS::EC2::SecurityGroupEgress": _rule_type("out", "DestinationPrefixListId", "DestinationSecurityGroupId"),
}
