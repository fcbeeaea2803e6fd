"""The sections of the report that are figures and tables: HTML that is readable without JavaScript."""

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.components.probe import ProbeScore
from job.report.gallery import Gallery
from job.report.plots import components_for, throughput_plot, variance_plot

SHARES = (0.80, 0.90, 0.95, 0.99)
CONFUSIONS_SHOWN = 12
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")
STAGES = {
    "start": "start Spark, list, load the network",
    "plan": "compare with what is stored",
    "featurize": "read, decode, featurize, store",
    "check": "account for every picture",
    "renew": "drop features that are out of date",
    "pca": "fit the PCA",
    "project": "project, write, probe",
}


def tiles(manifest: Mapping[str, Any], total: int, probe: ProbeScore | None, probe_absent: str) -> str:
    """Return the key figures; `total` is the number of components there were to choose from."""
    images, counts, pca = manifest["images"], manifest["counts"], manifest["pca"]
    seconds, computed = manifest["seconds"], counts["computed"]
    ignored = f"; {images['ignored']:,} other files left out" if images["ignored"] else ""
    reasons = ", ".join(f"{escape(reason)} {count:,}" for reason, count in counts["reasons"].items())
    rate = f"{computed / seconds['featurize']:,.0f} a second, " if computed and seconds.get("featurize") else ""
    slots = f"{manifest['slots']:,} slot{'s' if manifest['slots'] != 1 else ''}" if computed else ""
    shown = [
        (
            "Rendered pictures" if images["rendered"] else "Photographs",
            f"{images['count']:,}",
            f"{images['labels']:,} labels, {_bytes(images['bytes'])}{ignored}",
        ),
        ("Features", f"{counts['features']:,}", f"{computed:,} computed now, {counts['reused']:,} reused"),
        ("Quarantined", f"{counts['quarantined']:,}", reasons or "every picture could be read"),
        (
            "Components",
            f"{pca['components']:,}",
            f"of {total:,} keep {pca['explained']:.1%} of the variance",
        ),
        (
            "Linear probe",
            f"{probe.accuracy:.1%}" if probe else "none",
            f"right on {probe.total:,} held out" if probe else escape(probe_absent),
        ),
        ("Whole run", _seconds(seconds["total"]), rate + slots),
    ]
    if "cost" in manifest:
        shown.append(("Cost", f"€{manifest['cost']['euros']:,.2f}", escape(manifest["cost"]["explanation"])))
    return "".join(
        f"<div><dt>{name}</dt><dd><b>{value}</b><span>{note}</span></dd></div>" for name, value, note in shown
    )


def variance(manifest: Mapping[str, Any], explained: NDArray[np.float64]) -> dict[str, str]:
    """Return the variance curve, what was asked for, and the components that round shares need."""
    chosen, requested, total = manifest["pca"]["components"], manifest["pca"]["requested"], len(explained)
    needed = [(f"{share:.0%}", components_for(explained, share)) for share in SHARES]
    rows = [(name, f"{count:,}" if count else "not reached", _times(total, count)) for name, count in needed]
    chosen_row = (f"{explained[:chosen].sum():.2%}, chosen", f"{chosen:,}", _times(total, chosen))
    return {
        "variance_plot": variance_plot(explained, chosen),
        "variance_asked": (
            f"Asked for: the fewest components that keep {100 * requested['variance']:.4g}% of the variance."
            if "variance" in requested
            else f"Asked for: {requested['components']:,} components."
        ),
        "variance_table": _rows(rows) + _rows([chosen_row], "total"),
    }


def probe_section(manifest: Mapping[str, Any], probe: ProbeScore | None, probe_absent: str, gallery: Gallery) -> str:
    """Return the accuracy over all and per label, worst first, and the most frequent confusions."""
    if probe is None:
        return f'<p class="empty">No probe: {escape(probe_absent)}</p>'
    per_label = probe.per_label
    commonest = max(count for _, count in per_label.values()) / probe.total
    hardest_first = sorted(per_label.items(), key=lambda item: (item[1][0] / item[1][1], item[0]))
    bars = "".join(
        f'<li>{gallery.picture_of(label)}<span class="label">{escape(label)}{note}</span>'
        f'<span class="bar"><i style="width:{right / count:.2%}"></i></span>'
        f'<span class="number">{right / count:.1%}</span>'
        f'<span class="count">{right:,} / {count:,}</span></li>'
        for label, (right, count) in hardest_first
        for note in [" <i>not in training</i>" if label in probe.unseen else ""]
    )
    confusions = "".join(
        f'<li>{gallery.picture_of(true)}<span class="label">{escape(true)}</span>'
        f'<span class="arrow">taken for</span>{gallery.picture_of(answer)}'
        f'<span class="label">{escape(answer)}</span>'
        f'<span class="number">{count:,} of {per_label[true][1]:,}</span></li>'
        for true, answer, count in probe.confusions[:CONFUSIONS_SHOWN]
    )
    caution = _caution(manifest["splits"])
    return (
        f'<div class="overall"><p class="figure"><b>{probe.accuracy:.1%}</b> right</p>'
        f"<p>A linear classifier, fitted in closed form on the components of {manifest['splits']['train']:,} "
        f"training pictures, answers for {probe.total:,} test pictures. Always answering the commonest label "
        f"would be right for {commonest:.1%}.</p>{caution}</div>"
        f'<h3>By label, the hardest first</h3><ol class="bars">{bars}</ol>'
        '<h3>The most frequent confusions</h3><ol class="confusions">'
        f"{confusions or '<li>None: every answer was right.</li>'}</ol>"
    )


def _caution(splits: Mapping[str, Any]) -> str:
    """Say how photographs came to the two sides, and what that does to the figures."""
    by_folder = "The split follows the folders; where both sides show the same fruits, it flatters."
    if splits["by"] == "folder":
        return f"<p>{by_folder}</p>"
    whose = (
        "The split"
        if splits["by"] == "hash"
        else f"The split of {splits['by_hash']:,} of the pictures, in no such folder,"
    )
    text = (
        f"{whose} is by hash of the path: neighbouring frames of one turntable recording "
        "fall on both sides, nearly alike, so these figures flatter."
    )
    return f'<p class="caution">{text if splits["by"] == "hash" else f"{by_folder} {text}"}</p>'


def left_out_section(images: Mapping[str, Any]) -> str:
    """Return what was left out by its name, and what is odd about the folders; nothing if there is nothing to say."""
    rows = [(row["kind"], f"{row['count']:,}", row["example"]) for row in images.get("left_out", ())]
    notes = "".join(f'<p class="caution">{escape(note)}</p>' for note in images.get("notes", ()))
    if not rows:
        return notes
    table = _rows([tuple(escape(value) for value in row) for row in rows])
    return f"{notes}<h3>Left out by their names</h3><table><tbody>{table}</tbody></table>"


def quarantine_section(manifest: Mapping[str, Any], quarantine: pa.Table) -> str:
    """Return the rejected objects by reason, and the rows at hand."""
    total, root = manifest["counts"]["quarantined"], manifest["images"]["root"].rstrip("/") + "/"
    if not total:
        return '<p class="empty">Nothing was rejected.</p>'
    reasons = sorted(manifest["counts"]["reasons"].items(), key=lambda item: (-item[1], item[0]))
    chips = "".join(f"<li><b>{count:,}</b> {escape(reason)}</li>" for reason, count in reasons)
    rows = [
        (
            f"<code>{escape(row['uri'].removeprefix(root))}</code>",
            escape(row["reason"]),
            escape(row["detail"] or ""),
            _bytes(row["bytes"]),
            f"<code>{escape(row['etag'] or '')}</code>",
        )
        for row in quarantine.to_pylist()
    ]
    return (
        f'<ul class="reasons">{chips}</ul>'
        '<div class="scroller" tabindex="0" role="region" aria-label="Rejected objects"><table>'
        f"<caption>{len(rows):,} of {total:,} rejected objects</caption>"
        "<thead><tr><th>object<th>reason<th>detail<th>size<th>etag</tr></thead>"
        f"<tbody>{_rows(rows)}</tbody></table></div>"
    )


def speed(manifest: Mapping[str, Any], batches: pa.Table) -> dict[str, str]:
    """Return the throughput over time and the seconds of every stage."""
    seconds = manifest["seconds"]
    start, end, images = (
        batches[name].to_numpy().astype(np.float64) for name in ("start_seconds", "end_seconds", "images")
    )
    stages = [(STAGES.get(name, name), value) for name, value in seconds.items() if name != "total"]
    longest = max((value for _, value in stages), default=0) or 1
    rows = [
        (
            f'{escape(name)}<span class="bar"><i style="width:{value / longest:.2%}"></i></span>',
            _seconds(value),
            f"{value / seconds['total']:.0%}" if seconds["total"] else "",
        )
        for name, value in stages
    ]
    return {
        "throughput": throughput_plot(start, end, images)
        if len(start)
        else '<p class="empty">Nothing was computed: the features of every picture were there already.</p>',
        "stages": _rows(rows) + _rows([("whole run", _seconds(seconds["total"]), "")], "total"),
    }


def provenance(manifest: Mapping[str, Any]) -> str:
    """Return versions and identities, as terms and definitions."""
    model, pca, versions = manifest["model"], manifest["pca"], manifest["versions"]
    facts = {
        "run": manifest["run"],
        "root": manifest["images"]["root"],
        "job": manifest["version"],
        "network": f"{model['name']}, {model['weights']}, engine {model['engine']}",
        "sha256 of the model": model["sha256"],
        "identity of the features": model["identity"],
        "identity of the PCA": f"{pca['identity']}, fitted on {pca['images']:,} pictures",
        "software": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    return "".join(
        f"<div><dt>{name}</dt><dd><code>{escape(str(value))}</code></dd></div>" for name, value in facts.items()
    )


def _rows(rows: Iterable[Iterable[str]], kind: str = "") -> str:
    start = f'<tr class="{kind}">' if kind else "<tr>"
    return "".join(start + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)


def _times(total: int, count: int | None) -> str:
    return f"{total / count:.1f}" if count else ""


def _bytes(size: int | None) -> str:
    power = min(int(math.log10(max(size or 0, 1)) // 3), len(BYTE_UNITS) - 1)
    return f"{(size or 0) / 1000**power:,.{1 if power else 0}f} {BYTE_UNITS[power]}"


def _seconds(value: float) -> str:
    if value < 120:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
