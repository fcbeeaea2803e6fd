"""What the measurements are compared with: rows with each other, and with what they have to reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bench.row import Row

LARGEST_WORKER: Final = 450_000_000
FLAT: Final = 1.05
"""A worker's peak counts as flat up to this growth: a batch of larger photographs moves it by as much."""


class Comparison(NamedTuple):
    """A row's rate against another's, over the same photographs."""

    row: str
    to: str
    rate: Callable[[Row], float | None]


class Ratio(NamedTuple):
    """How many times the other row's rate a row reaches."""

    value: float
    to: str


@dataclass(frozen=True)
class Goal:
    """One goal and what was measured; `met` is None where it cannot be told, and `measured` says why."""

    text: str
    measured: str
    met: bool | None


def _overall(row: Row) -> float | None:
    return row.images_per_second


def _featurize(row: Row) -> float | None:
    return row.featurize_rate


def _steady(row: Row) -> float | None:
    rate: float | None = row.details.get("steady_rate")
    return rate


RATIOS: Final = (
    Comparison("job-litert", "notebook", _overall),
    Comparison("job-cluster", "job-litert", _steady),
    Comparison("job-keras", "notebook", _overall),
    Comparison("ray", "engine-limit", _featurize),
    Comparison("pca-ours", "pca-spark", _overall),
    Comparison("s3-30ms", "s3-0ms", _featurize),
)
"""The ratio that the table shows in the line of a row."""

_END_TO_END: Final = Comparison("job-litert", "notebook", _overall)
_BOUND: Final = Comparison("engine-limit", "notebook", _overall)
"""What no job with this engine can pass on these cores, whatever its start and its PCA take."""

_REACH: Final = (
    ("job end to end, times the notebook's pattern", _END_TO_END, 4.5),
    ("featurization, share of the engine's limit", Comparison("job-litert", "engine-limit", _featurize), 0.85),
    ("featurization, times Ray Data's rate without its start-up", Comparison("job-litert", "ray", _featurize), 1.0),
    (
        "featurization once executors are there, share of that on local cores",
        Comparison("job-cluster", "job-litert", _steady),
        0.9,
    ),
    ("PCA, times Spark's", Comparison("pca-ours", "pca-spark", _overall), 6.0),
    ("featurization with 30 ms a request, share of that without", Comparison("s3-30ms", "s3-0ms", _featurize), 0.9),
)


def ratio_of(row: Row, rows: Mapping[str, Row]) -> Ratio | None:
    """Return the ratio for a row's line, if both rows were measured on the same photographs."""
    for comparison in RATIOS:
        if comparison.row == row.row:
            found = _compare(comparison, rows)
            return Ratio(found, comparison.to) if isinstance(found, float) else None
    return None


def goals(rows: Mapping[str, Row]) -> list[Goal]:
    """Judge the rows that are there against all goals."""
    reached = []
    for text, comparison, least in _REACH:
        found = _compare(comparison, rows)
        measured = f"{found:.2f}" if isinstance(found, float) else found
        if isinstance(found, float) and comparison == _END_TO_END:
            bound = _compare(_BOUND, rows)
            measured += f"; {bound:.2f} were decode and inference all" if isinstance(bound, float) else ""
        reached.append(
            Goal(f"{text}: at least {least:g}", measured, found >= least if isinstance(found, float) else None)
        )
    return [*reached, *_memory_goals(rows.get("memory")), _again_goal(rows.get("job-again"))]


def _compare(comparison: Comparison, rows: Mapping[str, Row]) -> float | str:
    """Return the ratio, or why there is none."""
    pair = [rows.get(name) for name in (comparison.row, comparison.to)]
    for name, row in zip((comparison.row, comparison.to), pair, strict=True):
        if row is None or row.error:
            return f"{name} {'failed' if row else 'not measured'}"
    first, second = (row for row in pair if row)
    if first.images != second.images:
        return f"not comparable: {first.images:,} and {second.images:,} images"
    rates = comparison.rate(first), comparison.rate(second)
    return rates[0] / rates[1] if rates[0] and rates[1] else "no rate"


def _memory_goals(row: Row | None) -> list[Goal]:
    texts = (
        f"peak of a Python worker: at most {LARGEST_WORKER / 1e6:.0f} MB",
        f"the same with the images repeated: at most {FLAT:g} times",
        "Python driver: at most 300 bytes an additional image",
    )
    if row is None or row.error or not row.worker_peak_bytes:
        return [Goal(text, f"memory {'failed' if row else 'not measured'}", None) for text in texts]
    details: Mapping[str, Any] = row.details
    growth = row.worker_peak_bytes / details["base_worker_peak_bytes"]
    an_image = details["driver_bytes_an_image"]
    return [
        Goal(texts[0], f"{row.worker_peak_bytes / 1e6:.0f} MB", row.worker_peak_bytes <= LARGEST_WORKER),
        Goal(texts[1], f"{growth:.2f}", growth <= FLAT),
        Goal(texts[2], f"{an_image:.0f}", an_image <= 300),
    ]


def _again_goal(row: Row | None) -> Goal:
    text = "second run on the same images: under 15 s, nothing computed"
    if row is None or row.error or row.seconds is None:
        return Goal(text, f"job-again {'failed' if row else 'not measured'}", None)
    computed = row.details["computed"]
    return Goal(text, f"{row.seconds:.1f} s, {computed} computed", row.seconds < 15 and computed == 0)
