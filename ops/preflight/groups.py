"""Whether security groups of others let through what EMR needs, by the rule that our own are held to at synth."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.security_group_rules import REQUIRED_OPENINGS, Opening
from ops.aws.account import asking
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning
from ops.preflight.network import has_emr_tag, inside, tagging, vpc_of

_NAMES: Final = ("primary", "core", "service")
_ANYWHERE: Final = "0.0.0.0/0"
_DIRECTIONS: Final = {"in": "IpPermissions", "out": "IpPermissionsEgress"}
_ALL: Final = "-1"


def security_groups(scope: Scope) -> Finding:
    """Ask whether the three groups are in the VPC, EMR's to use, and have the rules of `REQUIRED_OPENINGS`."""
    ids = dict(zip(_NAMES, scope.settings.security_groups, strict=False))
    if not ids:
        return ok("made by the deployment, with all rules that EMR needs")
    with asking(f"list the security groups of {vpc_of(scope)}"):
        listed = scope.client("ec2").describe_security_groups(Filters=inside(vpc_of(scope)))["SecurityGroups"]
    groups = {item["GroupId"]: item for item in listed if item["GroupId"] in ids.values()}
    if absent := [name for name in ids.values() if name not in groups]:
        fix = f"aws ec2 describe-security-groups --filters Name=vpc-id,Values={vpc_of(scope)} --region {scope.region}"
        return failure(f"{', '.join(absent)} are not in {vpc_of(scope)}", fix)
    if untagged := [name for name, item in groups.items() if not has_emr_tag(item)]:
        return failure(f"{', '.join(untagged)} lack EMR's tag: its role may not use them", tagging(scope, untagged))
    missing = [item for item in REQUIRED_OPENINGS if not _lets_through(groups[ids[item.group]], item, ids)]
    ways_out = [item for item in missing if item.direction == "out"]
    if ways_out:
        return failure(f"the rules lack {_in_words(ways_out)}; EMR adds no ways out", _adding(scope, ways_out[0], ids))
    if missing:
        return warning(f"the rules lack {_in_words(missing)}, which EMR will add to your groups and leave there")
    return ok(f"{', '.join(ids.values())} let through what EMR needs")


def _lets_through(group: Mapping[str, Any], wanted: Opening, ids: Mapping[str, str]) -> bool:
    return any(
        _covers(rule, wanted) and ids.get(wanted.peer, wanted.peer) in _peers(rule)
        for rule in group[_DIRECTIONS[wanted.direction]]
    )


def _covers(rule: Mapping[str, Any], wanted: Opening) -> bool:
    if rule["IpProtocol"] == _ALL:
        return True
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    if rule["IpProtocol"] != wanted.protocol:
        return False
    return bool(first == -1 if wanted.protocol == "icmp" else first <= wanted.first and wanted.last <= last)


def _peers(rule: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over who a rule is about; a list of prefixes, such as that of S3, stands for the way to S3."""
    yield from (pair["GroupId"] for pair in rule.get("UserIdGroupPairs", ()))
    yield from (item["CidrIp"] for item in rule.get("IpRanges", ()))
    yield from (_ANYWHERE for _ in rule.get("PrefixListIds", ()))


def _in_words(openings: list[Opening]) -> str:
    return ", ".join(
        f"{item.direction} {item.group} {item.protocol} {item.first}-{item.last} with {item.peer}" for item in openings
    )


def _adding(scope: Scope, wanted: Opening, ids: Mapping[str, str]) -> str:
    """Return the command that adds a way out, the first of those that are missing."""
    peer = (
        f"IpRanges=[{{CidrIp={_ANYWHERE}}}]"
        if wanted.peer == _ANYWHERE
        else f"UserIdGroupPairs=[{{GroupId={ids[wanted.peer]}}}]"
    )
    permission = f"IpProtocol={wanted.protocol},FromPort={wanted.first},ToPort={wanted.last},{peer}"
    return (
        f"aws ec2 authorize-security-group-egress --group-id {ids[wanted.group]} --ip-permissions '{permission}'"
        f" --region {scope.region}"
    )


CHECKS: Final = (Check("Security groups", security_groups, ("ec2",)),)
