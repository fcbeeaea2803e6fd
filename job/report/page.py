"""The report of a run: one HTML document with its pictures, plots and figures, which opens offline.

Everything that comes from the data is escaped: as HTML where it is shown without JavaScript, as JSON where
the script of the page reads it. A content security policy forbids the browser every request, and every script
but the one of `report.html`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.components.probe import ProbeScore
from job.report.gallery import Gallery
from job.report.sections import left_out_section, probe_section, provenance, quarantine_section, speed, tiles, variance

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


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
    probe : ProbeScore or None
        None when there was nothing to score; `probe_absent` then says why.
    quarantine : pyarrow.Table
        Sample of rejected objects: uri, label, bytes, etag, reason, detail.
    batches : pyarrow.Table
        Committed batches: start_seconds and end_seconds since the start of the run, images.
    probe_absent : str
        One sentence.
    """

    manifest: Mapping[str, Any]
    explained_variance: NDArray[np.float64]
    gallery: pa.Table
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
    template = files(__package__).joinpath("report.html").read_text("utf-8")
    manifest, explained = data.manifest, data.explained_variance
    images = manifest["images"]
    gallery = Gallery.from_table(data.gallery, images["root"])
    pictures = gallery.parts()
    parts = {
        **{name: value for name, value in pictures.items() if isinstance(value, str)},
        "script_hash": _script_hash(template),
        "run": escape(manifest["run"]),
        "root": escape(images["root"]),
        "network": escape(f"{manifest['model']['name']} ({manifest['model']['weights']})"),
        "noun": "rendered pictures" if images["rendered"] else "photographs",
        "badge": '<span class="badge">rendered sample, not photographs</span>' if images["rendered"] else "",
        "features": f"{manifest['counts']['features']:,}",
        "components": f"{manifest['pca']['components']:,}",
        "dimensions": f"{len(explained):,}",
        "tiles": tiles(manifest, len(explained), data.probe, data.probe_absent),
        **variance(manifest, explained),
        "probe": probe_section(manifest, data.probe, data.probe_absent, gallery),
        "quarantine": quarantine_section(manifest, data.quarantine) + left_out_section(images),
        **speed(manifest, data.batches),
        "provenance": provenance(manifest),
        "page_data": embed_json(
            {
                "gallery": pictures["gallery_data"],
                "components": manifest["pca"]["components"],
                "explained": [round(float(share), 6) for share in explained],
            }
        ),
    }
    # One pass: a value that looks like a placeholder is not replaced in its turn.
    return PLACEHOLDER.sub(lambda found: parts[found[1]], template)


def embed_json(value: object) -> str:
    """Return JSON that is inert inside an HTML script element: only ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script_hash(template: str) -> str:
    """Return what the content security policy must name to let the script of the page run."""
    (script,) = SCRIPT.findall(template)
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
