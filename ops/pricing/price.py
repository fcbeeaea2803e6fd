"""What a footprint costs: an hour, a month of rest, a run, and the worst case until something stops it."""

from dataclasses import dataclass
from typing import Final

from ops.pricing.amount import Amount, amount, total
from ops.pricing.footprint import Fleet, Footprint
from ops.pricing.nodes import HOURS_A_MONTH, Market, Nodes, assumed, by_price, choices
from ops.pricing.price_book import PriceBook
from ops.pricing.requests import RequestPrices

TRANSITIONS_A_CLUSTER: Final = 2 * 3
"""State transitions of the maximum lifetime: start, wait, terminate; EMR tells twice that a cluster starts."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that bills by the hour, running or not.

    Parameters
    ----------
    what
        What bills, such as ``KMS key``.
    quantity
        How many.
    month
        USD for all of them in a month of 730 hours.
    """

    what: str
    quantity: float
    month: Amount


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a footprint costs, in USD before tax; every hour holds its part of what bills by the month.

    Parameters
    ----------
    footprint
        What was priced.
    nodes
        What its fleets are taken to be filled with.
    rest
        What bills while nothing runs, too.
    hour
        While the cluster runs as planned.
    hour_on_demand
        The same if no Spot capacity is found, and On-Demand nodes take its place.
    cheapest_hour, dearest_hour
        An hour with the cheapest and with the dearest instance types of every fleet.
    worst_hour
        Scaled out as far as managed scaling may, all On-Demand, of the dearest types.
    start
        Once for each start of a cluster.
    month_at_rest
        A month in which no cluster runs.
    until_idle_stop
        The worst hours from the moment the cluster falls idle until its idle stop; None if nothing stops it.
    until_max_lifetime
        The worst hours from its start until its maximum lifetime; None if nothing ends it.
    requests
        What S3 asks for a thousand requests; they are no part of an hour.
    """

    footprint: Footprint
    nodes: tuple[Nodes, ...]
    rest: tuple[Line, ...]
    hour: Amount
    hour_on_demand: Amount
    cheapest_hour: Amount
    dearest_hour: Amount
    worst_hour: Amount
    start: Amount
    month_at_rest: Amount
    until_idle_stop: Amount | None
    until_max_lifetime: Amount | None
    requests: RequestPrices

    @property
    def everything(self) -> Amount:
        """All amounts in one, for what is missing from them and how old they are."""
        return total(
            [self.hour, self.hour_on_demand, self.dearest_hour, self.worst_hour, self.start, self.month_at_rest]
        )


def price(footprint: Footprint, book: PriceBook) -> Price:
    """Price a footprint.

    Parameters
    ----------
    footprint
        What bills.
    book
        Prices. One that is not in it is named in `Amount.missing` of all amounts that lack it.
    """
    parts = [
        (fleet, units, market)
        for fleet in footprint.fleets
        for units, market in _markets(fleet)
        if units and fleet.candidates
    ]
    ranked = [
        (choices(fleet, units, market, region=footprint.region, book=book), market) for fleet, units, market in parts
    ]
    nodes = tuple(assumed(filled, market) for filled, market in ranked)
    rest = _rest(footprint, book)
    month = total([line.month for line in rest])
    standing = month * (1 / HOURS_A_MONTH)

    def hour(*chosen: Nodes) -> Amount:
        return total([standing, *(item.hour for item in chosen)])

    worst = _worst_hour(footprint, book) + standing
    transition = amount(book, "states", "transition", footprint.region, what="Step Functions state transition")
    return Price(
        footprint=footprint,
        nodes=nodes,
        rest=rest,
        hour=hour(*nodes),
        hour_on_demand=hour(*(_on_demand(fleet, units, footprint.region, book) for fleet, units, _ in parts)),
        cheapest_hour=hour(*(by_price(filled)[0] for filled, _ in ranked)),
        dearest_hour=hour(*(by_price(filled)[-1] for filled, _ in ranked)),
        worst_hour=worst,
        start=transition * (TRANSITIONS_A_CLUSTER / 1000) if nodes and footprint.state_machines else Amount(),
        month_at_rest=month,
        until_idle_stop=_until(footprint.idle_stop, worst, runs=bool(nodes)),
        until_max_lifetime=_until(footprint.max_lifetime, worst, runs=bool(nodes)),
        requests=RequestPrices.of(book, footprint.region),
    )


def _markets(fleet: Fleet) -> tuple[tuple[int, Market], tuple[int, Market]]:
    return (fleet.on_demand_units, "On-Demand"), (fleet.spot_units, "Spot")


def _on_demand(fleet: Fleet, units: int, region: str, book: PriceBook) -> Nodes:
    return assumed(choices(fleet, units, "On-Demand", region=region, book=book), "On-Demand")


def _worst_hour(footprint: Footprint, book: PriceBook) -> Amount:
    """Price the primary nodes and, for all that scales, the limit, with the dearest type of any fleet that scales."""

    def most_expensive(fleet: Fleet, units: int) -> Amount:
        return by_price(choices(fleet, units, "On-Demand", region=footprint.region, book=book))[-1].hour

    fixed = [fleet for fleet in footprint.fleets if fleet.candidates and not fleet.scales]
    scaling = [fleet for fleet in footprint.fleets if fleet.candidates and fleet.scales]
    wanted = sum(fleet.on_demand_units + fleet.spot_units for fleet in scaling)
    limit = max(footprint.maximum_units or 0, wanted)
    hours = [most_expensive(fleet, fleet.on_demand_units + fleet.spot_units) for fleet in fixed]
    if scaling:
        hours.append(max((most_expensive(fleet, limit) for fleet in scaling), key=lambda hour: hour.usd))
    return total(hours)


def _rest(footprint: Footprint, book: PriceBook) -> tuple[Line, ...]:
    region = footprint.region
    counted = (
        (footprint.keys, "kms", "key", "KMS key", 1),
        (footprint.alarms, "cloudwatch", "alarm", "CloudWatch alarm", 1),
        (footprint.budgets, "budget", "budget", "Budget", 1),
        (footprint.gateway_endpoints, "vpc-endpoint", "gateway", "S3 gateway endpoint", HOURS_A_MONTH),
        (footprint.interface_endpoints, "vpc-endpoint", "interface", "Interface endpoint", HOURS_A_MONTH),
        (footprint.nat_gateways, "nat", "gateway", "NAT gateway", HOURS_A_MONTH),
        (footprint.storage_gib, "s3", "standard", "S3 storage", 1),
    )
    lines = [
        Line(what=what, quantity=count, month=amount(book, kind, name, region, what=what) * (count * times))
        for count, kind, name, what, times in counted
        if count
    ]
    unknown = [Line(what=kind, quantity=1, month=Amount(missing=frozenset({kind}))) for kind in footprint.others]
    return (*lines, *unknown)


def _until(seconds: int | None, hour: Amount, *, runs: bool) -> Amount | None:
    if not runs:
        return Amount()
    return None if seconds is None else hour * (seconds / 3600)
