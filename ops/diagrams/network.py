"""The network: every row of the security groups, and the buckets that the endpoint lets through."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from infra.security_group_rules import Opening, declared_openings
from infra.templates import Deployment, as_list
from ops.diagrams.drawing import DiagramError, Drawing
from ops.diagrams.graph import short
from ops.diagrams.names import resource_name
from ops.diagrams.words import Labels
from ops.facts.from_templates import endpoint_statements, template_facts

_ANYWHERE: Final = "0.0.0.0/0"
_VPC: Final = "vpc"


def draw_network(deployment: Deployment, labels: Labels) -> str:
    """Draw who may open a connection to whom.

    An arrow is an opening that both sides declare: a way out of the one and a way in to the other. What only one side
    declares is dashed. To any address means to S3, for the routes lead nowhere else.

    Raises
    ------
    DiagramError
        If a row cannot be drawn.
    """
    names = _groups(deployment)
    openings = list(declared_openings(deployment, names))
    declared = template_facts(deployment)["network.rules"].value
    if len(openings) != declared:
        raise DiagramError(f"{declared} security-group rules are declared, and {len(openings)} can be drawn: amend it")
    drawing = Drawing("right", columns=1)
    subnets = sum(1 for _ in deployment.resources("AWS::EC2::Subnet"))
    drawing.node(_VPC, labels("network", subnets=subnets, rules=declared), kind="group", direction="right")
    for identity, name in names.items():
        drawing.node(f"{_VPC}.{name}", labels(short(identity)), kind="box", icon=_icon(name))
    drawing.node(f"{_VPC}.endpoint", labels("NetworkS3"), kind="glyph", icon="resource/AmazonVPCEndpoints.svg")
    for (start, end), lines in sorted(_arrows(openings).items()):
        arrow, dashed = "->", any(line.startswith("!") for line in lines)
        text = "\n".join(_line(line, labels) for line in lines)
        drawing.edge(f"{_VPC}.{start}", f"{_VPC}.{end}", text, arrow=arrow, dashed=dashed)
    drawing.table("buckets", labels("buckets"), list(_buckets(deployment, labels)))
    return drawing.source


def _groups(deployment: Deployment) -> dict[str, str]:
    return {
        group.identity: short(group.identity).removeprefix("NetworkGroups").lower()
        for group in deployment.resources("AWS::EC2::SecurityGroup")
    }


def _icon(name: str) -> str:
    return "resource/AmazonEMRCluster.svg" if name != "service" else "architecture-service/AmazonEMR.svg"


def _arrows(openings: list[Opening]) -> dict[tuple[str, str], list[str]]:
    """Return the lines of each arrow, from who opens a connection to whom; `!` begins those of one side only."""
    sides: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: {"in": set(), "out": set()})
    for item in openings:
        peer = "endpoint" if item.peer == _ANYWHERE else item.peer
        way = (item.group, peer) if item.direction == "out" else (peer, item.group)
        sides[way][item.direction].add(_ports(item))
    arrows = {}
    for way, both in sides.items():
        complete = both["out"] if way[1] == "endpoint" else both["in"] & both["out"]
        half = [f"!{side} {ports}" for side in ("in", "out") for ports in sorted(both[side] - complete)]
        arrows[way] = [*sorted(complete), *half]
    return arrows


def _ports(opening: Opening) -> str:
    protocol = opening.protocol.upper()
    if opening.first == -1:
        return protocol
    return f"{protocol} {opening.first}" + (f"\N{EN DASH}{opening.last}" if opening.last != opening.first else "")


def _line(line: str, labels: Labels) -> str:
    if not line.startswith("!"):
        return line
    side, _, ports = line[1:].partition(" ")
    return labels(f"only {side}", ports=ports)


def _buckets(deployment: Deployment, labels: Labels) -> Iterator[tuple[str, str, str]]:
    for statement in endpoint_statements(deployment):
        actions = ", ".join(sorted(as_list(statement["Action"])))
        account = labels("own account") if _own(statement) else ""
        found = {
            resource_name(item, endpoint.stack, deployment, labels).removesuffix("/*")
            for endpoint in deployment.resources("AWS::EC2::VPCEndpoint")
            for item in as_list(statement["Resource"])
        }
        for bucket in sorted(found):
            yield bucket, actions, account


def _own(statement: Any) -> bool:
    return "aws:PrincipalAccount" in statement.get("Condition", {}).get("StringEquals", {})
