"""What EMR's own policy lets a cluster use of a network: what carries its tag, whoever has made it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla

_POLICY: Final = "/AmazonEMRServicePolicy_v2"
_TAG: Final = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}
GROUPS: Final = ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "ServiceAccessSecurityGroup")


def network_denial(cluster: Mapping[str, Any]) -> str:
    """Return what of its network a cluster may not use; nothing if it may use all, or has another policy.

    The statements of AmazonEMRServicePolicy_v2 for ec2:RunInstances name subnets and groups with EMR's tag.
    """
    role = vanilla.iam._roles[cluster["ServiceRole"]]
    if not any(arn.endswith(_POLICY) for arn in role.get("AttachedPolicies", ())):
        return ""
    place = f"{vanilla.responses.get_region()}:{vanilla.responses.get_account_id()}"
    for kind, name in _used(cluster["Ec2InstanceAttributes"]):
        if _TAG not in (vanilla.ec2._tags.get(name) or ()):
            return f"not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:{place}:{kind}/{name}"
    return ""


def _used(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if attributes["Ec2SubnetId"] in vanilla.ec2._subnets:
        yield "subnet", attributes["Ec2SubnetId"]
    yield from (("security-group", attributes[key]) for key in GROUPS if key in attributes)


def misplaced(instances: Mapping[str, Any], subnets: list[str]) -> Iterator[str]:
    """Yield which groups are in another VPC than the subnets."""
    networks = {vanilla.ec2._subnets[name]["VpcId"] for name in subnets}
    if len(networks) > 1:
        yield f"The subnets are in {' and '.join(sorted(networks))}: all have to be in one VPC"
    for key in GROUPS:
        group = vanilla.ec2._security_groups.get(instances.get(key))
        if networks and group and group["VpcId"] not in networks:
            yield f"The security group '{group['GroupId']}' and the subnet '{subnets[0]}' belong to different VPCs"
