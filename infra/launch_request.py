"""A cluster as EMR's API takes it, from the properties that CloudFormation takes, which are nested otherwise."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.templates import as_list

RUN_JOB_FLOW: Final = "aws-sdk:emr:runJobFlow"
"""End of the ARN by which EventBridge Scheduler calls EMR's API (User Guide, "Using universal targets")."""

_FLEETS: Final = {"MasterInstanceFleet": "MASTER", "CoreInstanceFleet": "CORE", "TaskInstanceFleets": "TASK"}


def launch_request(properties: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the request of RunJobFlow for a cluster like another.

    Parameters
    ----------
    properties
        Of the other, of the type ``AWS::EMR::Cluster``, with instance fleets.
    steps
        Steps as the API takes them.
    """
    instances = dict(properties["Instances"])
    fleets = [
        {**fleet, "InstanceFleetType": kind}
        for key, kind in _FLEETS.items()
        for fleet in as_list(instances.pop(key, None))
    ]
    return {
        **properties,
        "Configurations": [_configuration(item) for item in as_list(properties.get("Configurations"))],
        "Instances": {**instances, "InstanceFleets": fleets, "KeepJobFlowAliveWhenNoSteps": False},
        "Steps": list(steps),
    }


def _configuration(item: Mapping[str, Any]) -> dict[str, Any]:
    nested = [_configuration(inner) for inner in as_list(item.get("Configurations"))]
    return {
        "Classification": item["Classification"],
        "Properties": dict(item.get("ConfigurationProperties", {})),
        **({"Configurations": nested} if nested else {}),
    }
