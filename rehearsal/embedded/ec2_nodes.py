"""The EC2 instances of clusters: they stand in the account, tagged by EMR, as long as they are paid for.

What lists an account, as a sweep for leftovers does, finds them there and not at EMR. Of their disks only the root
volume is made.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla

CLUSTER_TAG: Final = "aws:elasticmapreduce:job-flow-id"
_ROLE_TAG: Final = "aws:elasticmapreduce:instance-group-role"

_IMAGE: Final = "ami-0e3a0000000000000"  # no AMI is registered by that name, so nothing is booted for it
_DEFAULT_ROOT_GIB: Final = 15  # EMR's, of releases from 6.15 on
_TERMINATED: Final = {"Code": 48, "Name": "terminated"}


def start(cluster: Mapping[str, Any], role: str, instance_type: str) -> str:
    """Start an instance in a cluster's subnet and return its id.

    Parameters
    ----------
    cluster
        Its record.
    role
        ``MASTER``, ``CORE`` or ``TASK``.
    instance_type
        Such as ``m5.xlarge``.
    """
    attributes = cluster["Ec2InstanceAttributes"]
    kind = "Master" if role == "MASTER" else "Slave"
    group = attributes.get(f"EmrManaged{kind}SecurityGroup")
    groups = [*filter(None, [group]), *attributes.get(f"Additional{kind}SecurityGroups", [])]
    [instance] = vanilla.ec2._launch_instances_internal(
        image_id=_IMAGE, instance_type=instance_type, subnet_id=attributes["Ec2SubnetId"], count=1, sg_ids=groups
    )
    for disk in _root_volume(instance):
        disk["Size"] = cluster.get("EbsRootVolumeSize", _DEFAULT_ROOT_GIB)
    instance_id: str = instance["InstanceId"]
    vanilla.ec2._tags[instance_id] = [
        *cluster.get("Tags", []),
        {"Key": CLUSTER_TAG, "Value": cluster["Id"]},
        {"Key": _ROLE_TAG, "Value": role},
    ]
    return instance_id


def end(instance_ids: Iterable[str]) -> None:
    """Terminate instances, with their root volumes; EC2 shows them for a while."""
    for instance in filter(None, map(vanilla.ec2._instances.get, instance_ids)):
        for disk in _root_volume(instance):
            del vanilla.ec2._volumes[disk["VolumeId"]]
        instance |= {"State": dict(_TERMINATED), "BlockDeviceMappings": [], "_terminated_at": time.time()}


def end_all(cluster_id: str) -> None:
    """Terminate what still runs of a cluster's instances."""
    tag = {"Key": CLUSTER_TAG, "Value": cluster_id}
    end([name for name in vanilla.ec2._instances if tag in vanilla.ec2._tags.get(name, [])])


def _root_volume(instance: Mapping[str, Any]) -> list[dict[str, Any]]:
    disks = (vanilla.ec2._volumes.get(disk["Ebs"]["VolumeId"]) for disk in instance["BlockDeviceMappings"])
    return [disk for disk in disks if disk]
