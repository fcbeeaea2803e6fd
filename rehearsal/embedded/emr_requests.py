"""Properties of clusters and steps as CloudFormation names and nests them, turned into requests of EMR's API."""

import copy
import json
from typing import Any, Final

from rehearsal.embedded.types import Properties

_FLEETS: Final = (("MasterInstanceFleet", "MASTER"), ("CoreInstanceFleet", "CORE"), ("TaskInstanceFleets", "TASK"))
_GROUPS: Final = (("MasterInstanceGroup", "MASTER"), ("CoreInstanceGroup", "CORE"), ("TaskInstanceGroups", "TASK"))


def cluster_request(properties: Properties) -> dict[str, Any]:
    """Return the request of RunJobFlow for the properties of a cluster, which are named and nested otherwise."""
    content = copy.deepcopy(dict(properties))
    instances = content["Instances"]
    for kinds, target, role in (
        (_FLEETS, "InstanceFleets", "InstanceFleetType"),
        (_GROUPS, "InstanceGroups", "InstanceRole"),
    ):
        members = [{**member, role: kind} for key, kind in kinds for member in as_list(instances.pop(key, []))]
        for member in members:
            for holder in [member, *member.get("InstanceTypeConfigs", [])]:
                if "Configurations" in holder:
                    holder["Configurations"] = _configurations(holder["Configurations"])
        if members:
            instances[target] = members
    if "AdditionalInfo" in content:
        content["AdditionalInfo"] = json.dumps(content["AdditionalInfo"])
    if "Configurations" in content:
        content["Configurations"] = _configurations(content["Configurations"])
    content["Steps"] = [step_request(step) for step in content.get("Steps", [])]
    return content


def as_list(value: Any) -> list[dict[str, Any]]:
    """Treat the one fleet of a kind like the list of another kind."""
    return value if isinstance(value, list) else [value]


def _configurations(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "Classification": item["Classification"],
            "Properties": item.get("ConfigurationProperties", {}),
            "Configurations": _configurations(item.get("Configurations", [])),
        }
        for item in given
    ]


def step_request(properties: Properties) -> dict[str, Any]:
    """Return a step as AddJobFlowSteps wants it."""
    jar = dict(properties["HadoopJarStep"])
    if "StepProperties" in jar:
        jar["Properties"] = jar.pop("StepProperties")
    return {**properties, "HadoopJarStep": jar}
