"""The results of `make bench` as facts."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ops.facts.fact import Fact, FactsError
from ops.facts.origin import Origin

Row = Mapping[str, Any]

_PARTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "job-litert": (
        "",
        {
            "images": "images",
            "seconds": "seconds",
            "images_per_second": "images_per_second",
            "featurize_seconds": "featurize_seconds",
            "ratio": "times_copied",
        },
    ),
    "engine-limit": ("limit.", {"seconds": "seconds", "images_per_second": "images_per_second"}),
    "job-again": ("again.", {"seconds": "seconds"}),
    "job-keras": ("keras.", {"seconds": "seconds", "images_per_second": "images_per_second"}),
    "notebook": ("copied.", {"seconds": "seconds", "images_per_second": "images_per_second"}),
    "ray": (
        "ray.",
        {
            "seconds": "seconds",
            "images_per_second": "images_per_second",
            "featurize_seconds": "seconds_without_start",
        },
    ),
    "pca-ours": ("pca.", {"images": "rows", "seconds": "seconds", "ratio": "times_spark"}),
    "pca-spark": ("pca.", {"seconds": "spark_seconds"}),
    "s3-0ms": ("s3.", {"images": "images", "seconds": "seconds", "images_per_second": "images_per_second"}),
    "s3-30ms": (
        "s3.",
        {"seconds": "delayed.seconds", "images_per_second": "delayed.images_per_second", "ratio": "share"},
    ),
    "memory": ("memory.", {"images": "images", "worker_peak_bytes": "worker_bytes"}),
    "job-cluster": ("cluster.", {"ratio": "share"}),
}
"""By row of the benchmark: what begins the names of its facts, and what they are called by its fields."""

_RATES: Final[Mapping[str, tuple[str, str, Callable[[Row], float]]]] = {
    "share_of_limit": ("job-litert", "engine-limit", lambda row: float(row["featurize_seconds"])),
    "times_ray": ("job-litert", "ray", lambda row: float(row["featurize_seconds"])),
    "times_copied.bound": ("engine-limit", "notebook", lambda row: float(row["seconds"])),
}
"""Facts that compare two rows over the same photographs: the second's seconds by the first's."""


def benchmark_facts(path: Path, known: Mapping[str, Fact], origin: Origin) -> dict[str, Fact]:
    """Read the rows of a benchmark; a row that failed or was not measured changes nothing.

    Parameters
    ----------
    path
        The file that `make bench` wrote.
    known
        The facts so far, whose units and remarks stay.
    origin
        The commit that was measured.

    Raises
    ------
    FactsError
        If the file is not there, or is no file of rows.
    """
    try:
        rows: dict[str, Row] = {row["row"]: row for row in json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        raise FactsError(f"{path} is missing; run: make bench IMAGES=folder") from None
    except (ValueError, KeyError, TypeError) as error:
        raise FactsError(f"{path} is not what make bench writes: {error}") from None
    measured = {name: row for name, row in rows.items() if name in _PARTS and not row["error"]}
    values = {**dict(_own(measured)), **dict(_compared(measured))}
    return {
        f"bench.{name}": Fact(
            value=value,
            unit=known[f"bench.{name}"].unit,
            command="make bench IMAGES=folder",
            commit=origin.commit,
            date=origin.date,
            machine=_machine(measured[row]),
            remark=known[f"bench.{name}"].remark,
        )
        for name, (row, value) in values.items()
    }


def _own(rows: Mapping[str, Row]) -> Iterator[tuple[str, tuple[str, float]]]:
    for row, content in rows.items():
        begin, fields = _PARTS[row]
        for field, name in fields.items():
            if content.get(field) is not None:
                yield f"{begin}{name}", (row, content[field])
    details = rows.get("memory", {}).get("details", {})
    if details:
        peak = float(rows["memory"]["worker_peak_bytes"])
        yield "memory.growth", ("memory", peak / details["base_worker_peak_bytes"])
        yield "memory.driver_bytes_an_image", ("memory", details["driver_bytes_an_image"])


def _compared(rows: Mapping[str, Row]) -> Iterator[tuple[str, tuple[str, float]]]:
    for name, (first, second, seconds) in _RATES.items():
        if {first, second} <= rows.keys() and rows[first]["images"] == rows[second]["images"]:
            yield name, (first, seconds(rows[second]) / seconds(rows[first]))


def _machine(row: Row) -> str:
    machine = row["machine"]
    return f"{machine['cores']} cores, {machine['processor']}, {machine['system']}"
