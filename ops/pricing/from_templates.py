"""The footprint of CloudFormation templates, synthesised or deployed, ours or not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra.cost_rules import seconds_to_live
from infra.launch_request import RUN_JOB_FLOW
from infra.schedule_settings import runs_a_week
from infra.templates import Deployment, Resource, Template, as_list, text
from ops.pricing.footprint import Candidate, Fleet, Footprint, Mode, Volume, architecture_of, candidate

_CLUSTER: Final = "AWS::EMR::Cluster"
_NODES: Final = ("AWS::EMR::InstanceFleetConfig", "AWS::EMR::InstanceGroupConfig")
_COUNTED: Final = {
    "AWS::KMS::Key": "keys",
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::EC2::NatGateway": "nat_gateways",
    "AWS::Budgets::Budget": "budgets",
    "AWS::StepFunctions::StateMachine": "state_machines",
}
# Nothing bills for these as such: what lies in a bucket, what is asked of a table and what a rule or a topic
# does bill by use, which the price names as left out.
_FREE_SERVICES: Final = ("AWS::IAM::", "AWS::CDK::", "AWS::Glue::", "AWS::SNS::", "AWS::CloudFormation::WaitCondition")
_FREE: Final = frozenset(
    {
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EMR::SecurityConfiguration",
        "AWS::EMR::Step",
        "AWS::EMR::Studio",
        "AWS::EMR::StudioSessionMapping",
        "AWS::Events::Rule",
        "AWS::KMS::Alias",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        _CLUSTER,
        *_NODES,
        *_COUNTED,
    }
)


def footprint_of_templates(
    templates: Mapping[str, Mapping[str, Any]], region: str, *, storage_gib: float = 0.0
) -> Footprint:
    """Return what stacks bill.

    Parameters
    ----------
    templates
        Templates by the names of their stacks.
    region
        Region of the clusters.
    storage_gib
        What is kept in S3.

    Notes
    -----
    Of several clusters the fleets are added up, and the longest idle stop and lifetime count. A number that a
    template leaves to a parameter or a reference counts as 1, and the resource's type is among `others`; so it is
    for a fleet without instance types.
    """
    deployment = Deployment([Template(path=name, region=region, body=body) for name, body in templates.items()])
    kinds = Counter(resource.kind for resource in deployment.resources())
    clusters = list(deployment.resources(_CLUSTER))
    fleets = tuple(fleet for cluster in clusters for fleet in _fleets(cluster, several=len(clusters) > 1))
    scales = any("ManagedScalingPolicy" in cluster.properties for cluster in clusters)
    fleets += tuple(_added(item, scales=scales) for item in deployment.resources(*_NODES))
    unclear = {item.kind for item in (*clusters, *deployment.resources(*_NODES)) if _has_references(item.properties)}
    unclear |= {_CLUSTER for fleet in fleets if not fleet.candidates}
    scheduled = [(item.kind, _runs_a_week(item)) for item in deployment.resources("AWS::Scheduler::Schedule")]
    unclear |= {kind for kind, runs in scheduled if runs is None}
    endpoints = [item.properties for item in deployment.resources("AWS::EC2::VPCEndpoint")]
    gateways = [item for item in endpoints if item.get("VpcEndpointType", "Gateway") == "Gateway"]
    return Footprint(
        region=region,
        architecture=architecture_of(fleets),
        mode=_mode(clusters),
        fleets=fleets,
        maximum_units=_maximum_units(clusters),
        idle_stop=_longest(_idle_stop(cluster) for cluster in clusters),
        max_lifetime=_longest(seconds_to_live(deployment, cluster) for cluster in clusters),
        gateway_endpoints=len(gateways),
        interface_endpoints=sum(len(as_list(i.get("SubnetIds"))) or 1 for i in endpoints if i not in gateways),
        runs_a_week=sum(runs or 0 for _, runs in scheduled),
        storage_gib=storage_gib,
        others=tuple(sorted({kind for kind in kinds if not _is_free(kind)} | unclear)),
        **{field: kinds[kind] for kind, field in _COUNTED.items()},
    )


def _runs_a_week(schedule: Resource) -> int | None:
    """Return how often a schedule starts clusters; None if nobody can tell, or if it starts something else."""
    if not text(schedule.properties.get("Target", {}).get("Arn")).endswith(RUN_JOB_FLOW):
        return None
    off = schedule.properties.get("State") == "DISABLED"
    return 0 if off else runs_a_week(text(schedule.properties.get("ScheduleExpression")))


def _is_free(kind: str) -> bool:
    return kind in _FREE or kind.startswith(_FREE_SERVICES)


def _fleets(cluster: Resource, *, several: bool) -> Iterator[Fleet]:
    instances = cluster.properties.get("Instances", {})
    prefix = f"{text(cluster.properties.get('Name', cluster.logical_id))} " if several else ""
    scales = "ManagedScalingPolicy" in cluster.properties
    root = cluster.properties.get("EbsRootVolumeSize")
    for key, name in (("Master", "primary"), ("Core", "core"), ("Task", "task")):
        for kind in ("InstanceFleet", "InstanceGroup", "InstanceFleets", "InstanceGroups"):
            for nodes in as_list(instances.get(f"{key}{kind}")):
                fleet = _fleet(f"{prefix}{name}", nodes, root_gib=root, scales=scales and name != "primary")
                if fleet.on_demand_units or fleet.spot_units:
                    yield fleet


def _added(nodes: Resource, *, scales: bool) -> Fleet:
    role = nodes.properties.get("InstanceFleetType") or nodes.properties.get("InstanceRole") or "task"
    return _fleet(str(role).lower(), nodes.properties, root_gib=None, scales=scales)


def _fleet(name: str, nodes: Mapping[str, Any], *, root_gib: Any, scales: bool) -> Fleet:
    root = _integer(root_gib) if root_gib is not None else None
    if "InstanceType" in nodes:  # an instance group: one type, counted in nodes
        count, spot = _integer(nodes.get("InstanceCount", 1)), nodes.get("Market") == "SPOT"
        return Fleet(
            name=name,
            candidates=(_candidate(nodes, root),),
            on_demand_units=0 if spot else count,
            spot_units=count if spot else 0,
            scales=scales,
        )
    return Fleet(
        name=name,
        candidates=tuple(_candidate(config, root) for config in as_list(nodes.get("InstanceTypeConfigs"))),
        on_demand_units=_integer(nodes.get("TargetOnDemandCapacity", 0)),
        spot_units=_integer(nodes.get("TargetSpotCapacity", 0)),
        scales=scales,
    )


def _candidate(config: Mapping[str, Any], root_gib: int | None) -> Candidate:
    disks = config.get("EbsConfiguration", {}).get("EbsBlockDeviceConfigs")
    data = None if disks is None else tuple(volume for disk in disks for volume in _volumes(disk))
    units = _integer(config.get("WeightedCapacity", 1))
    return candidate(text(config["InstanceType"]), units=units, root_gib=root_gib, data=data)


def _volumes(disk: Mapping[str, Any]) -> list[Volume]:
    wanted = disk["VolumeSpecification"]
    volume = Volume(kind=text(wanted["VolumeType"]), gib=_integer(wanted["SizeInGB"]))
    return [volume] * _integer(disk.get("VolumesPerInstance", 1))


def _mode(clusters: Iterable[Resource]) -> Mode | None:
    stay = [bool(item.properties.get("Instances", {}).get("KeepJobFlowAliveWhenNoSteps")) for item in clusters]
    return None if not stay else "interactive" if any(stay) else "transient"


def _maximum_units(clusters: Iterable[Resource]) -> int | None:
    limits = [
        item.properties["ManagedScalingPolicy"].get("ComputeLimits", {}).get("MaximumCapacityUnits", 0)
        for item in clusters
        if "ManagedScalingPolicy" in item.properties
    ]
    return sum(map(_integer, limits)) if limits else None


def _idle_stop(cluster: Resource) -> int | None:
    timeout = cluster.properties.get("AutoTerminationPolicy", {}).get("IdleTimeout")
    return None if timeout is None else _integer(timeout)


def _longest(seconds: Iterable[int | None]) -> int | None:
    found = list(seconds)
    return None if None in found else max((item for item in found if item is not None), default=None)


def _has_references(properties: Mapping[str, Any]) -> bool:
    numbers = ("TargetOnDemandCapacity", "TargetSpotCapacity", "WeightedCapacity", "InstanceCount", "SizeInGB")
    return any(
        isinstance(value, Mapping) if key in numbers else _holds_references(value) for key, value in properties.items()
    )


def _holds_references(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _has_references(value)
    return any(_holds_references(item) for item in value) if isinstance(value, list | tuple) else False


def _integer(value: Any) -> int:
    """Read a number as templates write it, in digits or as text; what is not known counts as 1."""
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 1
