"""Rules against a cluster that EMR starts and then cannot change."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.templates import Deployment, Finding, as_list

_TARGETS = ("TargetOnDemandCapacity", "TargetSpotCapacity")


def both_fleet_targets(deployment: Deployment) -> Iterator[Finding]:
    """Every core and task fleet names a target for both markets: EMR refuses to change one that names one only."""
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        instances = cluster.properties["Instances"]
        for fleet in (*as_list(instances.get("CoreInstanceFleet")), *as_list(instances.get("TaskInstanceFleets"))):
            for target in _missing_targets(fleet):
                name = fleet.get("Name", "a fleet")
                yield cluster.finding("both-fleet-targets", f"lacks {target} of {name}; set it, 0 for none")
    for fleet in deployment.resources("AWS::EMR::InstanceFleetConfig"):
        for target in _missing_targets(fleet.properties):
            yield fleet.finding("both-fleet-targets", f"lacks {target}; set it, 0 for none")


def _missing_targets(fleet: Mapping[str, Any]) -> list[str]:
    return [target for target in _TARGETS if target not in fleet]
