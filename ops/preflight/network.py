"""Whether an existing VPC has what EMR needs of it, and whether the deployed groups are in the VPC that is set."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.instance_types import InstanceType
from infra.names import EMR_MANAGED_TAG
from ops.aws.account import absent, asking
from ops.aws.templates import held_by
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning

_DNS: Final = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}
_STACK: Final = "FruitsNetwork"
_GROUP: Final = "AWS::EC2::SecurityGroup"


def move(scope: Scope) -> Finding:
    """Ask whether a deployed cluster would have to move: CloudFormation keeps groups that another stack refers to."""
    deployed = scope.deployment.stacks
    if _STACK not in deployed or "FruitsCompute" not in deployed:
        return ok("no cluster is deployed that would have to move")
    wanted = scope.settings.vpc
    own = held_by(scope.client, deployed[_STACK].name, "AWS::EC2::VPC")
    now = own[0] if own else _vpc_of_groups(scope, held_by(scope.client, deployed[_STACK].name, _GROUP))
    if bool(own) == (wanted is None) and (wanted is None or wanted == now):
        return ok(f"{deployed[_STACK].name} stays in {now}")
    text = f"{deployed[_STACK].name} is in {now} and cannot leave it while {deployed['FruitsCompute'].name} uses it"
    return failure(text, f"fruits destroy --stack FruitsNetwork{scope.options}")


def _vpc_of_groups(scope: Scope, groups: Sequence[str]) -> str:
    with asking(f"find {', '.join(groups)}"):
        described = scope.client("ec2").describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
    return str(described[0]["VpcId"])


def vpc(scope: Scope) -> Finding:
    """Ask whether the VPC is there, and has the DNS by which nodes and EMR find each other and S3."""
    name = vpc_of(scope)
    ec2: Any = scope.client("ec2")
    described = None
    with asking(f"find {name}"), absent("InvalidVpcID.NotFound"):
        described = ec2.describe_vpcs(VpcIds=[name])["Vpcs"][0]
    if described is None:
        return failure(f"there is no {name} in {scope.region}", f"aws ec2 describe-vpcs --region {scope.region}")
    with asking(f"read the attributes of {name}"):
        answers = {key: ec2.describe_vpc_attribute(VpcId=name, Attribute=key)[_DNS[key]]["Value"] for key in _DNS}
    off = [key for key, value in answers.items() if not value]
    if off:
        commands = [
            f"aws ec2 modify-vpc-attribute --vpc-id {name} --{_option(key)} --region {scope.region}" for key in off
        ]
        return failure(f"{name} lacks {' and '.join(off)}, by which nodes find each other", " && ".join(commands))
    if has_emr_tag(described):
        text = f"{name} carries {EMR_MANAGED_TAG}: EMR may make an endpoint in it that bills by the hour and stays"
        return warning(
            text, f"aws ec2 delete-tags --resources {name} --tags Key={EMR_MANAGED_TAG} --region {scope.region}"
        )
    return ok(f"{name} has DNS support and host names")


def _option(attribute: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in attribute)


def subnets(scope: Scope) -> Finding:
    """Ask whether the subnets are there, in the VPC, EMR's to use, and have addresses for all nodes: EMR picks one."""
    wanted, found = scope.settings.subnets, list(described_subnets(scope))
    missing = sorted(set(wanted) - {item["SubnetId"] for item in found})
    if missing:
        fix = f"aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc_of(scope)} --region {scope.region}"
        return failure(f"{', '.join(missing)} are not in {vpc_of(scope)}", fix)
    untagged = [item["SubnetId"] for item in found if not has_emr_tag(item)]
    if untagged:
        text = f"{', '.join(untagged)} lack the tag {EMR_MANAGED_TAG}=true, without which EMR's role may not use them"
        return failure(text, tagging(scope, untagged))
    return _room(scope, found)


def _room(scope: Scope, found: Sequence[Mapping[str, Any]]) -> Finding:
    settings, free = scope.settings, {item["SubnetId"]: item["AvailableIpAddressCount"] for item in found}
    start = 1 + _nodes(settings.core_vcpus, settings.core_types) + _nodes(settings.task_spot_vcpus, settings.task_types)
    most = 1 + _nodes(settings.vcpu_limit, (*settings.core_types, *settings.task_types))
    counts = ", ".join(f"{count} in {name}" for name, count in free.items())
    text = f"free addresses: {counts}; {start} nodes to start, {most} at most"
    if max(free.values()) < start:
        return failure(f"{text}: a cluster has all its nodes in one subnet", "name larger subnets with -c subnets=…")
    return warning(f"{text}: EMR may pick a subnet that is too small") if min(free.values()) < most else ok(text)


def _nodes(vcpus: int, types: Sequence[InstanceType]) -> int:
    """Return how many nodes fill a fleet with the smallest of its types."""
    return -(-vcpus // min(node.vcpus for node in types))


def described_subnets(scope: Scope) -> list[Mapping[str, Any]]:
    """Describe those of the named subnets that lie in the named VPC.

    Raises
    ------
    AwsRefused
        If EC2 cannot be asked.
    """
    with asking(f"list the subnets of {vpc_of(scope)}"):
        listed = scope.client("ec2").describe_subnets(Filters=inside(vpc_of(scope)))["Subnets"]
    return [item for item in listed if item["SubnetId"] in scope.settings.subnets]


def vpc_of(scope: Scope) -> str:
    """Return the VPC that the settings name; these checks are made only if they do."""
    return str(scope.settings.vpc)


def inside(vpc: str) -> Any:
    """Return the filter by which EC2 lists what lies in a VPC."""
    return [{"Name": "vpc-id", "Values": [vpc]}]


def has_emr_tag(item: Mapping[str, Any]) -> bool:
    """Return whether EMR's role may use something of EC2."""
    return {"Key": EMR_MANAGED_TAG, "Value": "true"} in item.get("Tags", ())


def tagging(scope: Scope, names: Sequence[str]) -> str:
    """Return the command that gives EMR's tag to things of EC2."""
    tag = f"Key={EMR_MANAGED_TAG},Value=true"
    return f"aws ec2 create-tags --resources {' '.join(names)} --tags {tag} --region {scope.region}"


ALWAYS: Final = (Check("Network", move, ("cloudformation", "ec2")),)
"""Made of every deployment."""

CHECKS: Final = (Check("VPC", vpc, ("ec2",)), Check("Subnets", subnets, ("ec2",)))
"""Of an existing network."""
