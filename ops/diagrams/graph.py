"""The resources that are drawn, and which of them refer to which."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.templates import Deployment, Resource
from ops.diagrams.glyphs import PARTS, glyph_of


class Graph:
    """Resources as nodes; what is drawn as a part of another hands its references on to it.

    Parameters
    ----------
    deployment
        The templates.

    Raises
    ------
    DiagramError
        For a type that cannot be drawn.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        every = list(deployment.resources())
        self.parts = {part.identity: self._owner(part) for part in every if part.kind in PARTS}
        self.nodes = {resource.identity: resource for resource in every if resource.identity not in self.parts}
        for resource in self.nodes.values():
            glyph_of(resource.kind)
        self.edges = sorted(set(self._edges(every)))

    def _edges(self, every: list[Resource]) -> Iterator[tuple[str, str]]:
        for resource in every:
            start = self._drawn(resource.identity)
            for reference in self._references(resource.properties, resource.stack):
                end = self._drawn(reference)
                if start != end and {start, end} <= self.nodes.keys():  # others are parameters of CloudFormation
                    yield start, end

    def _drawn(self, identity: str) -> str:
        return self.parts.get(identity, identity)

    def _owner(self, part: Resource) -> str:
        return next(self._references(part.properties[PARTS[part.kind]], part.stack))

    def _references(self, value: Any, stack: str) -> Iterator[str]:
        if isinstance(value, Mapping):
            if len(value) == 1 and next(iter(value)) in {"Ref", "Fn::GetAtt", "Fn::ImportValue"}:
                yield self._deployment.target(value, stack)
                return
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from self._references(item, stack)


def short(identity: str) -> str:
    """Return the name of a resource without its stack and the hash that the CDK adds."""
    return re.sub(r"[0-9A-F]{8}$", "", identity.partition("#")[2])
