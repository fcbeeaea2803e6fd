"""EC2's machines: instances, their volumes, snapshots, addresses."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.aws.account import Client
from ops.pricing.amount import FREE
from ops.teardown.leaks.scope import Claim, Leftover, Scope, Sweeper, pages, tags_of

_ENDING: Final = "shutting-down"
_RUNNING: Final = ("pending", "running")


def _own_instances(client: Client, scope: Scope) -> Iterator[tuple[Mapping[str, Any], Claim]]:
    for reservation in pages(client("ec2"), "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            tags = tags_of(instance.get("Tags"))
            claim = scope.by_tags(tags) or scope.by_network(instance.get("VpcId"))
            if claim and instance["State"]["Name"] != "terminated":  # listed for an hour, and gone
                yield instance, claim


def _instances(client: Client, scope: Scope) -> Iterator[Leftover]:
    for instance, claim in _own_instances(client, scope):
        state, size = instance["State"]["Name"], instance["InstanceType"]
        yield Leftover(
            kind="EC2 instance",
            id=instance["InstanceId"],
            claim=claim,
            monthly=scope.prices.instance(size, scope.region) if state in _RUNNING else FREE,
            command=scope.aws(f"ec2 terminate-instances --instance-ids {instance['InstanceId']}"),
            detail=f"{size}, {state}" + (", On-Demand price" if state in _RUNNING else ""),
            kept=state == _ENDING,
        )


def _own_volumes(client: Client, scope: Scope) -> Iterator[tuple[Mapping[str, Any], Claim]]:
    instances = {instance["InstanceId"]: claim for instance, claim in _own_instances(client, scope)}
    for volume in pages(client("ec2"), "describe_volumes", "Volumes"):
        users = [item["InstanceId"] for item in volume.get("Attachments", ()) if item.get("InstanceId") in instances]
        used = Claim(f"used by {users[0]}", instances[users[0]].stack) if users else None
        claim = scope.by_tags(tags_of(volume.get("Tags"))) or used
        if claim and volume["State"] not in {"deleting", "deleted"}:
            yield volume, claim


def _volumes(client: Client, scope: Scope) -> Iterator[Leftover]:
    for volume, claim in _own_volumes(client, scope):
        size, kind = volume["Size"], volume["VolumeType"]
        yield Leftover(
            kind="EBS volume",
            id=volume["VolumeId"],
            claim=claim,
            monthly=scope.prices.disk(size, kind, scope.region),
            command=scope.aws(f"ec2 delete-volume --volume-id {volume['VolumeId']}"),
            detail=f"{size} GiB of {kind}, {volume['State']}",
        )


def _snapshots(client: Client, scope: Scope) -> Iterator[Leftover]:
    volumes = {volume["VolumeId"] for volume, _ in _own_volumes(client, scope)}
    for snapshot in pages(client("ec2"), "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        source = snapshot.get("VolumeId")
        claim = scope.by_tags(tags_of(snapshot.get("Tags"))) or (Claim(f"of {source}") if source in volumes else None)
        if claim:
            yield Leftover(
                kind="EBS snapshot",
                id=snapshot["SnapshotId"],
                claim=claim,
                monthly=scope.prices.snapshot(snapshot["VolumeSize"], scope.region),
                command=scope.aws(f"ec2 delete-snapshot --snapshot-id {snapshot['SnapshotId']}"),
                detail=f"at most {snapshot['VolumeSize']} GiB",
            )


def _addresses(client: Client, scope: Scope) -> Iterator[Leftover]:
    ec2 = client("ec2")
    instances = {instance["InstanceId"]: claim for instance, claim in _own_instances(client, scope)}
    interfaces = {
        item["NetworkInterfaceId"]
        for item in pages(ec2, "describe_network_interfaces", "NetworkInterfaces")
        if scope.by_network(item.get("VpcId"))
    }
    addresses: list[Any] = ec2.describe_addresses()["Addresses"]
    for address in addresses:
        user = next(
            (
                address[key]
                for key, ours in (("InstanceId", instances), ("NetworkInterfaceId", interfaces))
                if address.get(key) in ours
            ),
            None,
        )
        claim = scope.by_tags(tags_of(address.get("Tags"))) or (Claim(f"used by {user}") if user else None)
        if claim:
            yield Leftover(
                kind="elastic IP address",
                id=address["AllocationId"],
                claim=claim,
                monthly=scope.prices.address(scope.region),
                command=scope.aws(f"ec2 release-address --allocation-id {address['AllocationId']}"),
                detail=address.get("PublicIp", ""),
            )


SWEEPERS: Final = (
    Sweeper("EC2 instances", _instances, ("ec2",)),
    Sweeper("EBS volumes", _volumes, ("ec2",)),
    Sweeper("EBS snapshots", _snapshots, ("ec2",)),
    Sweeper("elastic IP addresses", _addresses, ("ec2",)),
)
