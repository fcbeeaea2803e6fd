"""What the sections of the report say: figures and rows, which the templates write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.components.probe import ProbeScore
from job.report.numbers import bytes_of, duration, percent
from job.report.plots import Plot, components_for, throughput_plot, variance_plot

SHARES = (0.80, 0.90, 0.95, 0.99)
CONFUSIONS_SHOWN = 12
LABELS_SHOWN = 150
"""Of the labels by accuracy; the others unfold at a click."""

STAGES = {
    "start": "start Spark, list, load the network",
    "plan": "compare with what is stored",
    "featurize": "read, decode, featurize, store",
    "check": "account for everything listed",
    "renew": "drop features that are out of date",
    "pca": "fit the PCA",
    "project": "project, write, probe",
}


class Tile(NamedTuple):
    """A key figure, its name, and a line below it."""

    name: str
    value: str
    note: str


class VarianceRow(NamedTuple):
    """How many components keep a share of the variance."""

    share: str
    components: str
    times: str
    chosen: bool = False


@dataclass(frozen=True)
class LabelRow:
    """How many answers of the probe are right for one label."""

    label: str
    right: int
    count: int
    unseen: bool

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.right / self.count


@dataclass(frozen=True)
class Confusion:
    """How often one label is taken for another."""

    label: str
    answer: str
    count: int
    total: int


class Caution(NamedTuple):
    """What to keep in mind with the figures of the probe, and whether it matters much."""

    text: str
    strong: bool


class StageRow(NamedTuple):
    """One stage of the run: its seconds, and 0 to 1 of the longest stage."""

    name: str
    seconds: float
    length: float
    share: str


def tiles(manifest: Mapping[str, Any], total: int, probe: ProbeScore | None, probe_absent: str) -> list[Tile]:
    """Return the key figures; `total` is the number of components there were to choose from."""
    images, counts, pca = manifest["images"], manifest["counts"], manifest["pca"]
    seconds, computed = manifest["seconds"], counts["computed"]
    ignored = f"; {images['ignored']:,} other files left out" if images["ignored"] else ""
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts["reasons"].items())
    rate = f"{computed / seconds['featurize']:,.0f} a second, " if computed and seconds.get("featurize") else ""
    slots = f"{manifest['slots']:,} slot{'s' if manifest['slots'] != 1 else ''}" if computed else ""
    known = f"{computed:,} read now, {counts['reused']:,} known before"
    shown = [
        Tile("Listed", f"{images['count']:,}", f"{images['labels']:,} labels, {bytes_of(images['bytes'])}{ignored}"),
        Tile("Featurized", f"{counts['features']:,}", f"of those listed; {known}"),
        Tile("In quarantine", f"{counts['quarantined']:,}", reasons or "all could be read"),
        Tile("Components", f"{pca['components']:,}", f"of {total:,} keep {percent(pca['explained'])} of the variance"),
        Tile(
            "Linear probe",
            percent(probe.accuracy) if probe else "none",
            f"right on {probe.total:,} held out" if probe else probe_absent,
        ),
        Tile("Time", duration(seconds["total"]), rate + slots),
    ]
    if "cost" in manifest:
        shown.append(Tile("Cost", f"€{manifest['cost']['euros']:,.2f}", manifest["cost"]["explanation"]))
    return shown


def variance(manifest: Mapping[str, Any], explained: NDArray[np.float64]) -> dict[str, Any]:
    """Return the variance curve, what was asked for, and the components that round shares need."""
    chosen, requested, total = manifest["pca"]["components"], manifest["pca"]["requested"], len(explained)
    rows = [
        VarianceRow(f"{share:.0%}", f"{count:,}" if count else "not reached", f"{total / count:.1f}" if count else "")
        for share, count in ((share, components_for(explained, share)) for share in SHARES)
    ]
    kept = f"{percent(explained[:chosen].sum(), 2)}, chosen"
    return {
        "plot": variance_plot(explained, chosen),
        "asked": (
            f"Asked for: the fewest components that keep {100 * requested['variance']:.4g}% of the variance."
            if "variance" in requested
            else f"Asked for: {requested['components']:,} components."
        ),
        "rows": [*rows, VarianceRow(kept, f"{chosen:,}", f"{total / chosen:.1f}", chosen=True)],
    }


def judged(manifest: Mapping[str, Any], probe: ProbeScore | None) -> dict[str, Any] | None:
    """Return the accuracy over all and per label, worst first, and the most frequent confusions."""
    if probe is None:
        return None
    per_label = probe.per_label
    rows = [LabelRow(label, right, count, label in probe.unseen) for label, (right, count) in per_label.items()]
    rows.sort(key=lambda row: (row.share, row.label))
    return {
        "accuracy": probe.accuracy,
        "total": probe.total,
        "commonest": max(row.count for row in rows) / probe.total,
        "caution": _caution(manifest["splits"]),
        "hardest": rows[:LABELS_SHOWN],
        "others": rows[LABELS_SHOWN:],
        "confusions": [
            Confusion(true, answer, count, per_label[true][1])
            for true, answer, count in probe.confusions[:CONFUSIONS_SHOWN]
        ],
    }


_TOO_GOOD: Final = "the figures are better than they would be for new fruits"


def _caution(splits: Mapping[str, Any]) -> Caution:
    """Return how photographs came to the two sides, and what that does to the figures."""
    by_folder = f"The split follows the folders; where both sides show the same fruits, {_TOO_GOOD}."
    if splits["by"] == "folder":
        return Caution(by_folder, strong=False)
    whose = (
        "The split"
        if splits["by"] == "hash"
        else f"The split of {splits['by_hash']:,} of them, which have no such folder,"
    )
    text = (
        f"{whose} is by hash of the path: neighbouring frames of one turntable recording "
        f"fall on both sides, nearly alike, so {_TOO_GOOD}."
    )
    return Caution(text if splits["by"] == "hash" else f"{by_folder} {text}", strong=True)


def quarantine_of(manifest: Mapping[str, Any], quarantine: pa.Table) -> dict[str, Any]:
    """Return the reasons, the most frequent first, and the rows at hand with names below the root."""
    root = manifest["images"]["root"].rstrip("/") + "/"
    return {
        "reasons": sorted(manifest["counts"]["reasons"].items(), key=lambda item: (-item[1], item[0])),
        "rows": [{**row, "name": row["uri"].removeprefix(root)} for row in quarantine.to_pylist()],
    }


def speed(manifest: Mapping[str, Any], batches: pa.Table) -> dict[str, Any]:
    """Return the throughput over time and the seconds of every stage."""
    seconds = manifest["seconds"]
    start, end, images = (
        batches[name].to_numpy().astype(np.float64) for name in ("start_seconds", "end_seconds", "images")
    )
    stages = [(STAGES.get(name, name), value) for name, value in seconds.items() if name != "total"]
    longest = max((value for _, value in stages), default=0) or 1
    plot: Plot | None = None
    average = 0.0
    if len(start):
        plot, average = throughput_plot(start, end, images)
    return {
        "plot": plot,
        "average": f"{average:,.0f}",
        "stages": [
            StageRow(name, value, value / longest, f"{value / seconds['total']:.0%}" if seconds["total"] else "")
            for name, value in stages
        ],
    }


def provenance(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return versions and identities, as terms and definitions."""
    model, pca, versions = manifest["model"], manifest["pca"], manifest["versions"]
    return {
        "run": manifest["run"],
        "root": manifest["images"]["root"],
        "job": manifest["version"],
        "network": f"{model['name']}, {model['weights']}, engine {model['engine']}",
        "sha256 of the model": model["sha256"],
        "identity of the features": model["identity"],
        "identity of the PCA": f"{pca['identity']}, fitted on {pca['images']:,}",
        "software": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
