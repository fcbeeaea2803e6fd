"""The life of a run: states of its cluster, which of them are told by e-mail, and what stops it."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from infra.cost_rules import CLUSTER, seconds_to_live
from infra.templates import Deployment, Resource, as_list
from ops.diagrams.drawing import DiagramError, Drawing
from ops.diagrams.glyphs import GLYPHS
from ops.diagrams.words import Labels
from ops.facts.from_templates import stops
from ops.quantities import duration

_STATES: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "TERMINATING", "TERMINATED")
_OTHERS: Final = ("WAITING", "TERMINATED_WITH_ERRORS")
"""States of a cluster as EMR's API names them: the way of a run that ends well, and those beside it."""

_ICONS: Final[Mapping[str, str]] = {
    "end of the job": "resource/AmazonEMREMREngine.svg",
    "idle stop": GLYPHS["AWS::EMR::Cluster"],
    "maximum lifetime": GLYPHS["AWS::StepFunctions::StateMachine"],
    "budget": GLYPHS["AWS::Budgets::Budget"],
}
_ONLY_TELLS: Final = "budget"


def draw_life(deployment: Deployment, labels: Labels) -> str:
    """Draw the states of a cluster in their order, the e-mails about them, and each stop that the templates have.

    Raises
    ------
    DiagramError
        If a rule waits for a state that is not drawn.
    """
    drawing = Drawing("right", columns=1)
    _draw_states(drawing, deployment, labels)
    _draw_stops(drawing, deployment, labels)
    return drawing.source


def _draw_states(drawing: Drawing, deployment: Deployment, labels: Labels) -> None:
    notified = _notified_states(deployment, "EMR Cluster State Change")
    if unknown := set(notified) - {*_STATES, *_OTHERS}:
        raise DiagramError(f"people are told of the states {', '.join(sorted(unknown))}: amend ops/diagrams/life.py")
    drawing.node("states", labels("life.states"), kind="group", direction="right")
    for state in (*_STATES, *_OTHERS):
        mail = [labels("life.e-mail")] if state in notified else []
        drawing.node(f"states.{state}", "\n".join([state, labels(f"life.{state}"), *mail]), kind="box")
    ends = "\n".join(labels(f"life.{stop}") for stop in stops(deployment) if stop != _ONLY_TELLS)
    for start, end in (*pairwise(_STATES), ("RUNNING", "WAITING"), ("WAITING", "RUNNING")):
        drawing.edge(f"states.{start}", f"states.{end}", ends if end == "TERMINATING" else "")
    drawing.edge("states.BOOTSTRAPPING", "states.TERMINATED_WITH_ERRORS", labels("life.bootstrap failed"))
    drawing.edge("states.TERMINATING", "states.TERMINATED_WITH_ERRORS")
    if jobs := _notified_states(deployment, "EMR Step Status Change"):
        drawing.node("states.job", labels("life.jobs", states=",\n".join(jobs)), kind="box")
        drawing.edge("states.RUNNING", "states.job", dashed=True)


def _draw_stops(drawing: Drawing, deployment: Deployment, labels: Labels) -> None:
    (cluster,) = deployment.resources(CLUSTER)
    values: Mapping[str, Mapping[str, Any]] = {
        "idle stop": {"after": duration(cluster.properties.get("AutoTerminationPolicy", {}).get("IdleTimeout", 0))},
        "maximum lifetime": {"after": duration(seconds_to_live(deployment, cluster) or 0)},
        "budget": _budget(deployment),
    }
    found = stops(deployment)
    drawing.node("stops", labels("life.stops", count=len(found)), kind="group", grid_columns=len(found), grid_gap=90)
    for stop in found:
        lines = f"{labels(f'life.{stop}')}\n{labels(f'life.{stop}.what', **values.get(stop, {}))}"
        drawing.node(f"stops.{stop.replace(' ', '_')}", lines, kind="glyph", icon=_ICONS[stop])


def _notified_states(deployment: Deployment, event: str) -> list[str]:
    """Return the states of a kind of event about which the topic gets a message."""
    topics = {topic.identity for topic in deployment.resources("AWS::SNS::Topic")}
    return [
        state
        for rule in deployment.resources("AWS::Events::Rule")
        if event in rule.properties["EventPattern"].get("detail-type", [])
        and topics & {deployment.target(target["Arn"], rule.stack) for target in _targets(rule)}
        for state in rule.properties["EventPattern"]["detail"]["state"]
    ]


def _targets(rule: Resource) -> list[Any]:
    return as_list(rule.properties.get("Targets"))


def _budget(deployment: Deployment) -> Mapping[str, Any]:
    for item in deployment.resources("AWS::Budgets::Budget"):
        notified = as_list(item.properties.get("NotificationsWithSubscribers"))
        shares = sorted({int(entry["Notification"]["Threshold"]) for entry in notified})
        limit = item.properties["Budget"]["BudgetLimit"]["Amount"]
        return {"limit": limit, "shares": ", ".join(map(str, shares))}
    return {}
