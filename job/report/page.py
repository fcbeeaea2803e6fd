"""The report of a run: one HTML document with its pictures, plots and figures, which opens offline.

Everything that comes from the data is escaped: by the templates where it is shown without JavaScript, as JSON where
the script of the page reads it. A content security policy forbids the browser every request, and every script
but the one in ``templates``.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from job.components.probe import ProbeScore
from job.report.gallery import Gallery
from job.report.numbers import bytes_of, duration, percent, thousands
from job.report.sections import judged, provenance, quarantine_of, speed, tiles, variance

SCRIPTS = (
    "begin.js",
    "variance.js",
    "gallery.js",
    "panel.js",
    "legend.js",
    "finder.js",
    "discs.js",
    "map.js",
    "end.js",
)
FILTERS = {"thousands": thousands, "percent": percent, "bytes": bytes_of, "duration": duration}


@dataclass(frozen=True, eq=False)
class ReportData:
    """What a report shows.

    Attributes
    ----------
    manifest : mapping
        The manifest of the run.
    explained_variance : ndarray, shape (d,)
        Share of the variance of every component, 0 to 1, descending.
    gallery : pyarrow.Table
        Sample of photographs: uri, label, split, thumbnail (JPEG, 64x64) and projection (k float32 each). The
        file stays below 4 MB for 1,200 of them.
    points : pyarrow.Table
        Photographs on the map: uri, label, split and place (the first three components). Each adds about 30 bytes.
    probe : ProbeScore or None
        None when there was nothing to score; `probe_absent` then says why.
    quarantine : pyarrow.Table
        Files in quarantine: uri, label, bytes, etag, reason, detail.
    batches : pyarrow.Table
        Committed batches: start_seconds and end_seconds since the start of the run, images.
    probe_absent : str
        One sentence.
    """

    manifest: Mapping[str, Any]
    explained_variance: NDArray[np.float64]
    gallery: pa.Table
    points: pa.Table
    probe: ProbeScore | None
    quarantine: pa.Table
    batches: pa.Table
    probe_absent: str = ""


def render(data: ReportData) -> str:
    """Return the report as one HTML document; the same data give the same text.

    Raises
    ------
    ValueError
        When a thumbnail cannot be decoded, or the projections of the gallery differ in length.
    """
    manifest, explained = data.manifest, data.explained_variance
    rendered = bool(manifest["images"]["rendered"])
    gallery = Gallery.from_tables(data.gallery, data.points, manifest["images"]["root"])
    script = "".join(_template(name) for name in SCRIPTS)
    page_data = {
        "gallery": gallery.for_the_script(),
        "components": manifest["pca"]["components"],
        "explained": [round(float(share), 6) for share in explained],
    }
    return (
        _environment()
        .get_template("page.html")
        .render(
            manifest=manifest,
            rendered=rendered,
            noun="picture" if rendered else "photograph",
            nouns="pictures" if rendered else "photographs",
            network=_network(manifest["model"]),
            dimensions=len(explained),
            style=Markup(_template("style.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
            page_data=Markup(embed_json(page_data)),
            gallery=gallery,
            tiles=tiles(manifest, len(explained), data.probe, data.probe_absent),
            variance=variance(manifest, explained),
            probe=judged(manifest, data.probe),
            probe_absent=data.probe_absent,
            quarantine=quarantine_of(manifest, data.quarantine),
            speed=speed(manifest, data.batches),
            provenance=provenance(manifest),
        )
    )


def embed_json(value: object) -> str:
    r"""Return JSON that is inert inside an HTML script element: only ASCII, without `<`, `>` and `&`.

    >>> embed_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _environment() -> Environment:
    """Templates are read as resources of the package: on a cluster it is a ZIP archive."""
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


def _template(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text("utf-8")


def _network(model: Mapping[str, Any]) -> str:
    """Name the network; weights that are known by their address alone are named in full under Provenance."""
    name, weights = str(model["name"]), str(model["weights"])
    return name if "/" in weights else f"{name} ({weights})"
