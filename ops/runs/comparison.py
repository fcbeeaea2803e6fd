"""Two runs beside each other: what they worked on, what they found, how long they took."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from ops.quantities import duration
from ops.runs.cost import HourlyCost
from ops.runs.history import PastRun


@dataclass(frozen=True)
class Row:
    """One line: what, the values of both runs as text, and by how much the second differs where that is a number."""

    what: str
    first: str
    second: str
    change: str = ""

    @property
    def differs(self) -> bool:
        """Whether the runs differ in it."""
        return self.first != self.second


def compare(first: PastRun, second: PastRun, cost: HourlyCost | None = None) -> list[Row]:
    """Compare two runs.

    Parameters
    ----------
    first, second
        Runs with results; the change is from the first to the second.
    cost
        Of a cluster of the settings at hand, if that is known: what the time of each run costs on it.
    """
    return [*_texts(first, second), *_numbers(first, second), *_stages(first, second), *_costs(first, second, cost)]


def _costs(first: PastRun, second: PastRun, cost: HourlyCost | None) -> Iterator[Row]:
    """Price the time that each took, start and end of a cluster aside: EMR soon forgets what a cluster consisted of."""
    if cost is None:
        return
    for currency, rate in (("USD", 1.0), *((("EUR", 1 / cost.euro_usd),) if cost.euro_usd else ())):
        amounts = [cost.amount.usd * rate * run.seconds / 3600 for run in (first, second)]
        texts = [f"{cost.amount.sign}{amount:,.3f}" for amount in amounts]
        yield Row(f"{currency} on this cluster", texts[0], texts[1], _ratio(*amounts))


def _texts(first: PastRun, second: PastRun) -> Iterator[Row]:
    for what, read in (
        ("Ended, UTC", lambda run: f"{run.when.astimezone(UTC):%Y-%m-%d %H:%M}"),
        ("Results", lambda run: run.run),
        ("Trial", _trial),
        ("Engine", lambda run: run.engine),
        ("Version", lambda run: str(run.manifest.get("version", ""))),
    ):
        yield Row(what, read(first), read(second))


def _trial(run: PastRun) -> str:
    return run.trial.describe() if run.trial else "no"


def _numbers(first: PastRun, second: PastRun) -> Iterator[Row]:
    for what, key in (
        ("Photographs", "images"),
        ("Computed by it", "computed"),
        ("Quarantined", "quarantined"),
        ("Components", "components"),
    ):
        values = getattr(first, key), getattr(second, key)
        yield _counts(what, *values)
    yield _shares("Variance they hold", first.explained, second.explained)
    yield _shares("Probe", first.accuracy, second.accuracy)
    for reason in sorted(_reasons(first).keys() | _reasons(second).keys()):
        values = _reasons(first).get(reason, 0), _reasons(second).get(reason, 0)
        yield _counts(f"  {reason}", *values)


def _stages(first: PastRun, second: PastRun) -> Iterator[Row]:
    yield _times("Took", first.seconds, second.seconds)
    stages = (first.manifest.get("seconds", {}), second.manifest.get("seconds", {}))
    for name in dict.fromkeys([*stages[0], *stages[1]]):
        if name != "total":
            yield _times(f"  {name}", stages[0].get(name), stages[1].get(name))
    rates = first.rate, second.rate
    texts = [f"{rate:,.0f}/s" if rate else "" for rate in rates]
    yield Row("Rate", texts[0], texts[1], _ratio(*rates))


def _reasons(run: PastRun) -> Mapping[str, int]:
    reasons: Mapping[str, int] = run.manifest.get("counts", {}).get("reasons", {})
    return reasons


def _counts(what: str, first: int, second: int) -> Row:
    return Row(what, f"{first:,}", f"{second:,}", f"{second - first:+,}" if first != second else "")


def _shares(what: str, first: float | None, second: float | None) -> Row:
    texts = ["" if value is None else f"{value:.2%}" for value in (first, second)]
    change = ""
    if first is not None and second is not None and texts[0] != texts[1]:
        change = f"{100 * (second - first):+.2f} points"
    return Row(what, texts[0], texts[1], change)


def _times(what: str, first: float | None, second: float | None) -> Row:
    texts = ["" if value is None else _seconds(value) for value in (first, second)]
    return Row(what, texts[0], texts[1], _ratio(first or 0.0, second or 0.0))


def _seconds(value: float) -> str:
    return duration(value) if value >= 60 else f"{value:.1f} s"


def _ratio(first: float, second: float) -> str:
    return f"x {second / first:.2f}" if first and second and abs(second / first - 1) >= 0.005 else ""


def rows_as_json(first: PastRun, second: PastRun, cost: HourlyCost | None = None) -> dict[str, Any]:
    """Return both runs and their differences as JSON-able facts."""
    compared = compare(first, second, cost)
    rows = [{"what": row.what.strip(), "first": row.first, "second": row.second} for row in compared]
    return {"first": first.row(), "second": second.row(), "rows": rows}
