"""Values of templates as people read them: references by the paths of constructs, through exports."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.residency import EU_REGIONS
from ops.review.stacks import ExistingStack, Template, WantedStack, path_of

_SUBSTITUTED = re.compile(r"\$\{([^}!]+)\}")


@dataclass(frozen=True)
class Reference:
    """What a property refers to.

    Parameters
    ----------
    stack, logical_id
        The resource.
    attribute
        Attribute of that resource; empty for its `Ref`.
    """

    stack: str
    logical_id: str
    attribute: str


class Names:
    """How resources and references are called in a review.

    Parameters
    ----------
    stacks
        Both sides; where both know a resource, the first of them names it.
    """

    def __init__(self, stacks: Sequence[WantedStack | ExistingStack]) -> None:
        self._paths: dict[tuple[str, str], str] = {}
        self._exports: dict[str, Reference] = {}
        self._regions = {stack.name: stack.region for stack in stacks}
        self._short = {stack.name: stack.stack for stack in stacks}
        for stack in stacks:
            paths = stack.paths if isinstance(stack, WantedStack) else {}
            for logical_id, resource in stack.template.get("Resources", {}).items():
                self._paths.setdefault((stack.name, logical_id), path_of(logical_id, resource, paths))
            self._exports = dict(_exports(stack.name, stack.template)) | self._exports

    def resource(self, stack: str, logical_id: str) -> str:
        """Return the name of a resource: ``Storage/Data``."""
        return self._paths.get((stack, logical_id), logical_id)

    def stack(self, name: str) -> str:
        """Return the name of a stack for `cdk`."""
        return self._short.get(name, name)

    def target(self, value: Any, stack: str) -> Reference | None:
        """Find what a reference leads to; None for any other value and for pseudo parameters."""
        reference = direct_reference(value, stack)
        if reference is None and isinstance(value, Mapping) and "Fn::ImportValue" in value:
            return self._exports.get(str(value["Fn::ImportValue"]))
        return reference

    def text(self, value: Any, stack: str) -> str:
        """Write a value as one line.

        Joins are joined, and what the deployment will know is put in: region, partition; the account's number is
        nobody's business here.
        """
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and len(value) == 1:
            ((function, argument),) = value.items()
            written = self._function(function, argument, stack)
            if written is not None:
                return written
            reference = self.target(value, stack)
            if reference is not None:
                return self._written(reference, stack)
        return json.dumps(self._plain(value, stack), ensure_ascii=False, sort_keys=True)

    def _plain(self, value: Any, stack: str) -> Any:
        """Resolve the references inside of a larger value."""
        if isinstance(value, Mapping):
            if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
                return self.text(value, stack)
            return {key: self._plain(part, stack) for key, part in value.items()}
        if isinstance(value, list):
            return [self._plain(part, stack) for part in value]
        return value

    def _function(self, function: str, argument: Any, stack: str) -> str | None:
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(self.text(part, stack) for part in parts)
        if function == "Fn::Sub" and isinstance(argument, str):
            return _SUBSTITUTED.sub(lambda match: self._substituted(match.group(1), stack), argument)
        if function == "Ref" and isinstance(argument, str) and argument.startswith("AWS::"):
            return self._pseudo(argument, stack)
        return None

    def _substituted(self, name: str, stack: str) -> str:
        if name.startswith("AWS::"):
            return self._pseudo(name, stack)
        logical_id, _, attribute = name.partition(".")
        return self._written(Reference(stack, logical_id, attribute), stack)

    def _pseudo(self, name: str, stack: str) -> str:
        region = self._regions.get(stack, "")
        if name == "AWS::Partition":
            return EU_REGIONS[region].partition if region in EU_REGIONS else "aws"
        known = {"AWS::Region": region, "AWS::StackName": stack, "AWS::AccountId": "<account>"}
        return known.get(name, f"<{name.removeprefix('AWS::')}>")

    def _written(self, reference: Reference, stack: str) -> str:
        name = self.resource(reference.stack, reference.logical_id)
        owner = "" if reference.stack == stack else f"{self.stack(reference.stack)}/"
        attribute = f".{reference.attribute}" if reference.attribute else ""
        return f"<{owner}{name}{attribute}>"


@dataclass(frozen=True)
class Sides:
    """What is deployed and what the app wants, for questions about all stacks.

    Parameters
    ----------
    old, new
        Templates as deployed and as they would be, by the names of their stacks in CloudFormation.
    names
        Names of resources and references of both.
    """

    old: Mapping[str, Template]
    new: Mapping[str, Template]
    names: Names


def direct_reference(value: Any, stack: str) -> Reference | None:
    """Read a reference to a resource of the same stack."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Ref" and not str(argument).startswith("AWS::"):
        return Reference(stack, str(argument), "")
    if function == "Fn::GetAtt":
        logical_id, attribute = argument if isinstance(argument, list) else str(argument).split(".", 1)
        return Reference(stack, logical_id, str(attribute))
    return None


def references(value: Any, stack: str) -> Iterator[Reference]:
    """Find all references of a value to resources of its own stack."""
    found = direct_reference(value, stack)
    if found:
        yield found
    elif isinstance(value, Mapping):
        if isinstance(value.get("Fn::Sub"), str):
            for name in _SUBSTITUTED.findall(value["Fn::Sub"]):
                if not name.startswith("AWS::"):
                    logical_id, _, attribute = name.partition(".")
                    yield Reference(stack, logical_id, attribute)
        for part in value.values():
            yield from references(part, stack)
    elif isinstance(value, list):
        for part in value:
            yield from references(part, stack)


def imports(template: Template) -> frozenset[str]:
    """Return the names of the exports of other stacks that a template imports."""
    return frozenset(_imports(template))


def _imports(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("Fn::ImportValue"), str):
            yield value["Fn::ImportValue"]
        for part in value.values():
            yield from _imports(part)
    elif isinstance(value, list):
        for part in value:
            yield from _imports(part)


def exports(template: Template) -> Mapping[str, Any]:
    """Return the values that a template exports, by the names of the exports."""
    return {
        output["Export"]["Name"]: output["Value"]
        for output in template.get("Outputs", {}).values()
        if isinstance(output.get("Export", {}).get("Name"), str)
    }


def _exports(stack: str, template: Template) -> Iterable[tuple[str, Reference]]:
    for name, value in exports(template).items():
        reference = direct_reference(value, stack)
        if reference:
            yield name, reference
