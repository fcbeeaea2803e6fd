"""What a deployment does to the price, and to what stops it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.templates import Deployment
from infra.templates import Template as Placed
from ops.pricing.from_templates import footprint_of_templates
from ops.pricing.prediction import CannotPredict, Throughput, load_throughput, predict
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook
from ops.pricing.scheduled import scheduled_month
from ops.pricing.screen import money
from ops.quantities import duration
from ops.review.consequences import Consequence, Level
from ops.review.names import Sides
from ops.review.stacks import Template

NOTHING = "-"
_OF_SCHEDULE = ("a month of scheduled runs, nothing new", "a month of scheduled runs at the worst")


@dataclass(frozen=True)
class PriceRow:
    """One line of the price table, as text: what, now, then."""

    what: str
    now: str
    then: str


@dataclass(frozen=True, kw_only=True)
class PriceChange:
    """The price now and then.

    Parameters
    ----------
    rows
        Rows of the table.
    notes
        What the figures leave out.
    """

    rows: tuple[PriceRow, ...]
    notes: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether any figure differs."""
        return any(row.now != row.then for row in self.rows)


def prices(sides: Sides, region: str) -> PriceChange:
    """Price both sides from the dated price file.

    Parameters
    ----------
    sides
        All stacks.
    region
        Region of the cluster.

    Raises
    ------
    ops.pricing.price_book.PricesUnreadable
        If the price file is not one.
    """
    book = PriceBook.load()
    priced = [price(footprint_of_templates(side, region), book) for side in (sides.old, sides.new)]
    columns = [_column(side) for side in priced]
    scheduled = any(side.footprint.runs_a_week for side in priced)
    shown = [what for what in columns[0] if scheduled or what not in _OF_SCHEDULE]
    rows = tuple(PriceRow(what, columns[0][what], columns[1][what]) for what in shown)
    missing = sorted(priced[0].everything.missing | priced[1].everything.missing)
    dates = [side.everything.oldest for side in priced if side.everything.oldest]
    notes = ["USD before tax; ≥ leaves out what has no price, ≈ is estimated"]
    if dates:
        notes[0] += f"; prices as of {min(dates)} or later"
    if missing:
        notes.append(f"not priced: {', '.join(missing)}")
    return PriceChange(rows=rows, notes=tuple(notes))


def least_run(sides: Sides, region: str) -> str:
    """Return in words what a run of the app costs at least: one that finds nothing new, on a cluster that starts soon.

    Parameters
    ----------
    sides
        All stacks.
    region
        Region of the cluster.
    """
    priced = price(footprint_of_templates(sides.new, region), PriceBook.load())
    try:
        cost = predict(0, priced, load_throughput()).cost[0]
    except CannotPredict:
        return "at a cost that is not known"
    return "at a cost that is not known" if cost.unknown else f"at least {cost.usd:,.2f} USD"


def _column(side: Price) -> dict[str, str]:
    runs = bool(side.nodes)
    throughput = load_throughput()
    try:
        run = predict(throughput.images, side, throughput) if runs else None
    except CannotPredict:
        run = None
    return {
        "an hour as planned": money(side.hour) if runs else NOTHING,
        "an hour without Spot capacity": money(side.hour_on_demand) if runs else NOTHING,
        f"a typical run ({throughput.images:,} photographs)": money(run.cost[1]) if run else NOTHING,
        "worst until the idle stop": _worst(side, side.until_idle_stop, side.footprint.idle_stop),
        "worst until the maximum lifetime": _worst(side, side.until_max_lifetime, side.footprint.max_lifetime),
        **dict(zip(_OF_SCHEDULE, _month(side, throughput), strict=True)),
        "a month in which nothing runs": money(side.month_at_rest),
    }


def _month(side: Price, throughput: Throughput) -> tuple[str, str]:
    try:
        month = scheduled_month(side, throughput)
    except CannotPredict:
        month = None
    return (money(month.idle), money(month.worst)) if month else (NOTHING, NOTHING)


def _worst(side: Price, amount: Any, seconds: int | None) -> str:
    if not side.nodes:
        return NOTHING
    after = f" ({duration(seconds)})" if seconds is not None else ""
    return f"{money(amount)}{after}"


def weaker_stops(sides: Sides, region: str) -> Iterator[Consequence]:
    """Find stops of cost that are removed or come later; nothing is compared with a side that has no cluster."""
    before, after = (footprint_of_templates(side, region) for side in (sides.old, sides.new))
    budgets = [_budget(side, region) for side in (sides.old, sides.new)]

    def found(text: str) -> Consequence:
        return Consequence(level=Level.WARNING, subject="cost", where="cost stop", text=text)

    if budgets[0] is not None and budgets[1] is None:
        yield found("the budget is removed: nobody is told of the spending")
    elif budgets[0] is not None and budgets[1] is not None and budgets[1] > budgets[0]:
        yield found(f"the budget is raised: {budgets[0]:g} -> {budgets[1]:g} USD a month")
    if before.alarms > after.alarms:
        yield found(f"alarms are removed: {before.alarms} -> {after.alarms}")
    if after.fleets:
        first = not before.fleets
        yield from map(found, _later("the idle stop", before.idle_stop, after.idle_stop, first=first))
        yield from map(found, _later("the maximum lifetime", before.max_lifetime, after.max_lifetime, first=first))
    if after.runs_a_week > before.runs_a_week:
        yield found(f"more clusters start by themselves: {before.runs_a_week} -> {after.runs_a_week} a week")
    limits = (before.maximum_units, after.maximum_units)
    if limits[0] is not None and limits[1] is not None and limits[1] > limits[0]:
        yield found(f"managed scaling may reach more nodes: {limits[0]} -> {limits[1]} units")


def _later(what: str, before: int | None, after: int | None, *, first: bool) -> Iterator[str]:
    if after is None:
        if first:
            yield f"there is no {what.removeprefix('the ')}: a forgotten cluster bills until somebody ends it"
        elif before is not None:
            yield f"{what} is removed: a forgotten cluster bills until somebody ends it"
    elif before is not None and after > before:
        yield f"{what} comes later: {duration(before)} -> {duration(after)}"


def _budget(templates: Mapping[str, Template], region: str) -> float | None:
    """Add up what the budgets allow in a month; None without one."""
    deployment = Deployment([Placed(path=name, region=region, body=body) for name, body in templates.items()])
    limits = [
        float(item.properties.get("Budget", {}).get("BudgetLimit", {}).get("Amount", 0))
        for item in deployment.resources("AWS::Budgets::Budget")
    ]
    return sum(limits) if limits else None
