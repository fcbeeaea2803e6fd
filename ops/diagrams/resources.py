"""The resources by stack, and which of them use which."""

from collections import defaultdict
from collections.abc import Mapping

from infra.templates import Deployment, Resource
from ops.diagrams.drawing import Drawing
from ops.diagrams.glyphs import TOGETHER, glyph_of
from ops.diagrams.graph import Graph, short
from ops.diagrams.words import Labels

_VPC = "AWS::EC2::VPC"


def draw_resources(deployment: Deployment, labels: Labels) -> str:
    """Draw every resource of the templates in its stack; what lies in the network is drawn in it.

    Raises
    ------
    DiagramError
        For a type without a glyph, or a resource without words.
    """
    graph = Graph(deployment)
    drawing = Drawing("right")
    paths = _paths(graph)
    counts = {template.path: len(template.body["Resources"]) for template in deployment.templates}
    for stack, count in counts.items():
        drawing.node(stack, labels("stack", stack=stack, count=count), kind="group")
    for path, members in _together(graph, paths).items():
        icon = glyph_of(members[0].kind)
        if members[0].kind == _VPC:
            drawing.node(path, _label(members, labels), kind="group", icon=icon, label__near="top-right")
        else:
            drawing.node(path, _label(members, labels), kind="glyph", icon=icon)
    inside = {identity for identity, node in graph.nodes.items() if node.kind == _VPC}
    drawn = {(paths[start], paths[end]) for start, end in graph.edges if end not in inside}
    for start, end in sorted(drawn):
        if start != end:
            drawing.edge(start, end)
    return drawing.source


def _label(members: list[Resource], labels: Labels) -> str:
    first = members[0]
    if first.kind in TOGETHER:
        return labels(first.kind, count=len(members))
    return labels(short(first.identity))


def _paths(graph: Graph) -> Mapping[str, str]:
    """Return the place of each resource: in its stack, or in the network of that stack that it refers to."""
    networks = {start: end for start, end in graph.edges if graph.nodes[end].kind == _VPC}
    paths = {}
    for identity, node in graph.nodes.items():
        name = node.kind.rpartition("::")[2] if node.kind in TOGETHER else short(identity)
        network = networks.get(identity)
        inside = network is not None and graph.nodes[network].stack == node.stack
        paths[identity] = ".".join([node.stack, *([short(network or "")] if inside else []), name])
    return paths


def _together(graph: Graph, paths: Mapping[str, str]) -> dict[str, list[Resource]]:
    members: dict[str, list[Resource]] = defaultdict(list)
    for identity, node in graph.nodes.items():
        members[paths[identity]].append(node)
    return members
