"""Which changes make CloudFormation create a resource anew, by the schemas that cfn-lint keeps."""

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from typing import Any, Final

from cfnlint.schema import (  # type: ignore[import-untyped]
    PROVIDER_SCHEMA_MANAGER,
    ResourceNotFoundError,
)

_BRACKETS = re.compile(r"\[[^\]]*\]")
CLUSTER: Final = "AWS::EMR::Cluster"

# The schema of clusters says nothing of what lies in their instances. EMR can change these on a running cluster
# (ModifyInstanceFleet, ModifyInstanceGroups, PutAutoScalingPolicy, SetTerminationProtection); all else there is
# given at the launch ("Update requires" in the user guide of AWS::EMR::Cluster JobFlowInstancesConfig).
_MOVABLE_INSTANCES: Final = frozenset(
    {"TargetOnDemandCapacity", "TargetSpotCapacity", "InstanceCount", "AutoScalingPolicy", "TerminationProtected"}
)


class Update(IntEnum):
    """What a change does to a resource, the worst last."""

    IN_PLACE = 0
    MAY_REPLACE = 1
    REPLACES = 2


def effect_of(kind: str, path: str, region: str) -> Update:
    """Return what the change of a property does to its resource.

    Parameters
    ----------
    kind
        Type of the resource.
    path
        Path of the property, with dots: ``Instances.CoreInstanceFleet.TargetSpotCapacity``, ``Steps[0].Name``.
    region
        Schemas differ by region.

    Returns
    -------
    Update
        `Update.MAY_REPLACE` for types that nobody has a schema of.
    """
    schema = _schema(kind, region)
    if schema is None:
        return Update.MAY_REPLACE
    names = _names(path)
    if kind == CLUSTER and names[:1] == ("Instances",):
        return Update.IN_PLACE if _MOVABLE_INSTANCES.intersection(names) else Update.REPLACES
    if _meets(names, schema.get("createOnlyProperties")):
        return Update.REPLACES
    if _meets(names, schema.get("conditionalCreateOnlyProperties")):
        return Update.MAY_REPLACE
    return Update.IN_PLACE


def depends_on_a_part(kind: str, property_name: str, region: str) -> bool:
    """Return whether the schema names the parts of a property, not the whole, that cannot change in place."""
    schema = _schema(kind, region) or {}
    pointers = (*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ()))
    below = [names for pointer in pointers if (names := _names(pointer))[0] == property_name]
    return bool(below) and (property_name,) not in below


def is_tag(kind: str, property_name: str, region: str) -> bool:
    """Return whether a property holds tags that can change on a resource that stays."""
    schema = _schema(kind, region) or {}
    tagging = schema.get("tagging") or {}
    pointer = str(tagging.get("tagProperty", "/properties/Tags"))
    return _names(pointer) == (property_name,) and tagging.get("tagUpdatable", True) is not False


def keeps_its_identity(kind: str, attribute: str, region: str) -> bool:
    """Return whether an attribute stays the same for as long as the resource is not replaced."""
    schema = _schema(kind, region) or {}
    identity = {_names(pointer)[-1] for pointer in schema.get("primaryIdentifier", ())}
    return attribute in identity or attribute.endswith(("Arn", "Id", "Name"))


def _names(path: str) -> tuple[str, ...]:
    """Split a path or a JSON pointer into names, without what is in brackets."""
    plain = _BRACKETS.sub("", path).removeprefix("/properties/").replace("/", ".")
    return tuple(name for name in plain.split(".") if name not in ("", "*"))


def _meets(names: tuple[str, ...], pointers: Any) -> bool:
    """Return whether a changed path lies at, in or around one of the pointers."""
    for pointer in pointers or ():
        other = _names(pointer)
        shared = min(len(names), len(other))
        if names[:shared] == other[:shared]:
            return True
    return False


@cache
def _schema(kind: str, region: str) -> Mapping[str, Any] | None:
    try:
        schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    except ResourceNotFoundError:
        return None
    return schema
