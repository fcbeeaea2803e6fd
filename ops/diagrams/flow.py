"""The way of the data, from photographs to principal components, with facts on it."""

from typing import Final

from infra.templates import Deployment
from ops.diagrams.drawing import DiagramError, Drawing
from ops.diagrams.glyphs import GLYPHS
from ops.diagrams.words import Labels
from ops.facts.fact import Facts

_BUCKET: Final = GLYPHS["AWS::S3::Bucket"]
_TABLE: Final = GLYPHS["AWS::Glue::Table"]
_FIRST, _SECOND = "first", "second"


def draw_flow(deployment: Deployment, labels: Labels, facts: Facts) -> str:
    """Draw what the job reads, computes and leaves.

    Raises
    ------
    DiagramError
        If the catalog has tables that the drawing does not know, or the other way round.
    """
    drawing = Drawing("right", columns=1)

    def fact(key: str, *names: str) -> str:
        return labels(key, **{name.rpartition(".")[2]: facts[name].value for name in names})

    drawing.node(f"{_FIRST}.images", labels("flow.images"), kind="glyph", icon=_BUCKET)
    drawing.node(f"{_FIRST}.model", labels("flow.model"), kind="box")
    drawing.node(_FIRST, labels("flow.first"), kind="group", direction="right")
    drawing.node(f"{_FIRST}.plan", labels("flow.plan"), kind="box")
    drawing.node(f"{_FIRST}.read", fact("flow.read", "job.requests_ahead"), kind="box")
    drawing.node(f"{_FIRST}.infer", fact("flow.infer", "job.features"), kind="box")
    drawing.node(_SECOND, labels("flow.second"), kind="group", direction="right")
    drawing.node(f"{_SECOND}.moments", labels("flow.moments"), kind="box")
    drawing.node(f"{_SECOND}.fit", fact("flow.pca", "job.variance"), kind="box")
    drawing.node(f"{_SECOND}.project", labels("flow.project"), kind="box")
    for table in _tables(deployment):
        stage = _SECOND if table == "projections" else _FIRST
        drawing.node(f"{stage}.{table}", labels(f"flow.{table}"), kind="glyph", icon=_TABLE)
    drawing.node(f"{_SECOND}.features", labels("flow.features"), kind="glyph", icon=_TABLE)
    drawing.node(f"{_SECOND}.report", labels("flow.report"), kind="glyph", icon=_BUCKET)
    for start, end, label in (
        (f"{_FIRST}.images", f"{_FIRST}.plan", labels("flow.lists")),
        (f"{_FIRST}.images", f"{_FIRST}.read", ""),
        (f"{_FIRST}.plan", f"{_FIRST}.read", labels("flow.tasks")),
        (f"{_FIRST}.read", f"{_FIRST}.infer", ""),
        (f"{_FIRST}.model", f"{_FIRST}.infer", labels("flow.broadcast")),
        (f"{_FIRST}.infer", f"{_FIRST}.quarantine", labels("flow.refused")),
        (f"{_FIRST}.infer", f"{_FIRST}.features", fact("flow.commits", "job.batch")),
        (f"{_SECOND}.features", f"{_SECOND}.moments", ""),
        (f"{_SECOND}.moments", f"{_SECOND}.fit", labels("flow.sums")),
        (f"{_SECOND}.fit", f"{_SECOND}.project", ""),
        (f"{_SECOND}.project", f"{_SECOND}.projections", ""),
        (f"{_SECOND}.fit", f"{_SECOND}.report", ""),
    ):
        drawing.edge(start, end, label)
    drawing.node("measured", fact("flow.measured", *_MEASURED), kind="note")
    return drawing.source


_MEASURED: Final = ("bench.images", "bench.images_per_second", "bench.share_of_limit")
_KNOWN: Final = ("features", "projections", "quarantine")


def _tables(deployment: Deployment) -> list[str]:
    declared = sorted(table.properties["TableInput"]["Name"] for table in deployment.resources("AWS::Glue::Table"))
    if declared != sorted(_KNOWN):
        raise DiagramError(f"the catalog has the tables {', '.join(declared)}: amend ops/diagrams/flow.py")
    return declared
