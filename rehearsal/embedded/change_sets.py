"""What replaces a resource, in change sets: ministack says "maybe" of all types that it has no table of.

CloudFormation publishes a schema of each type, which cfn-lint carries; a change set speaks of whole properties only.
"""

from functools import cache
from typing import Any, Final

from rehearsal.embedded import vanilla

_vanilla_recreation = vanilla.stacks._property_recreation
_ROOT: Final = "/properties/"
UNKNOWN: Final = "Conditionally"


def _recreation(resource_type: str, name: str) -> Any:
    if resource_type in vanilla.provisioners._REPLACING_PROPERTIES:
        return _vanilla_recreation(resource_type, name)
    return recreation(resource_type, name, vanilla.responses.get_region())


def recreation(resource_type: str, name: str, region: str) -> str:
    """Return as `RequiresRecreation` does whether a change of a property replaces the resource.

    Parameters
    ----------
    resource_type
        Such as ``AWS::S3::Bucket``.
    name
        Of a property at the top.
    region
        Schemas differ by region.

    Returns
    -------
    str
        ``Always``, ``Never``, or ``Conditionally``: if only a part of the property is fixed, if the schema calls it
        conditional, or if the type has no schema.
    """
    schema = _schema(resource_type, region)
    if schema is None:
        return UNKNOWN
    fixed, depends = (_names(schema, key) for key in ("createOnlyProperties", "conditionalCreateOnlyProperties"))
    if (name,) in fixed:
        return "Always"
    return "Conditionally" if any(path[0] == name for path in fixed | depends) else "Never"


def _names(schema: Any, key: str) -> set[tuple[str, ...]]:
    return {tuple(pointer.removeprefix(_ROOT).split("/")) for pointer in schema.get(key) or ()}


@cache
def _schema(resource_type: str, region: str) -> Any:
    from cfnlint.schema import (  # type: ignore[import-untyped] # noqa: PLC0415 - they take a second to load
        PROVIDER_SCHEMA_MANAGER,
        ResourceNotFoundError,
    )

    try:
        return PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, resource_type).schema
    except ResourceNotFoundError:
        return None


def install() -> None:
    """Tell by AWS's own schemas; what an update really does stays as it was."""
    vanilla.stacks._property_recreation = _recreation
