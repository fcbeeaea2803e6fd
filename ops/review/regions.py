"""What leaves the European Union, or may: regions and ARNs in templates, and copies to other buckets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.residency import EU_REGIONS
from ops.review.consequences import Consequence, Level
from ops.review.names import Names, Sides

# Codes of regions as AWS spells them: area, optional government or isolated cloud, direction, number.
_REGION = re.compile(
    r"(?<![a-z0-9])(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-(?:gov|iso[a-z]?|de))?"
    r"-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d(?![0-9])"
)
_COPIES: Final = ("ReplicationConfiguration", "Replicas", "ReplicaRegions", "GlobalReplicationGroupDescription")


def leaving_the_union(sides: Sides, regions: Mapping[str, str]) -> Iterator[Consequence]:
    """Find regions outside of the Union and replications that the old side did not have.

    Parameters
    ----------
    sides
        All stacks.
    regions
        Regions of the new stacks, by their names.
    """
    names = sides.names
    for stack, region in regions.items():
        if region not in EU_REGIONS:
            yield _found(names.stack(stack), f"the stack goes to {region}, which is not in the European Union")
    for stack, template in sides.new.items():
        former = sides.old.get(stack, {})
        for logical_id, resource in template.get("Resources", {}).items():
            before = former.get("Resources", {}).get(logical_id, {})
            where = f"{names.stack(stack)} {names.resource(stack, logical_id)}"
            for region in sorted(_foreign(resource, names, stack) - _foreign(before, names, stack)):
                yield _found(where, f"names {region}, which is not in the European Union")
            for key in _COPIES:
                if key in resource.get("Properties", {}) and key not in before.get("Properties", {}):
                    yield _found(
                        where, f"copies its data elsewhere ({key}); make sure that it stays in the European Union"
                    )


def _found(where: str, text: str) -> Consequence:
    return Consequence(level=Level.WARNING, subject="region", where=where, text=text)


def _foreign(resource: Mapping[str, Any], names: Names, stack: str) -> set[str]:
    found = {
        region for text in _strings(resource.get("Properties", {}), names, stack) for region in _REGION.findall(text)
    }
    return found - EU_REGIONS.keys()


def _strings(value: Any, names: Names, stack: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith("Fn::"):
            yield names.text(value, stack)
        for key, part in value.items():
            yield key
            yield from _strings(part, names, stack)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, names, stack)
    elif isinstance(value, str):
        yield value
