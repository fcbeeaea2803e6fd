"""The price of nodes: which type a fleet takes, how many of it, and what one costs."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from ops.pricing.amount import Amount, amount, total
from ops.pricing.footprint import Candidate, Fleet
from ops.pricing.price_book import PriceBook

HOURS_A_MONTH: Final = 730
"""As AWS's own calculator counts them; disks, keys and alarms bill by the month."""

Market = Literal["On-Demand", "Spot"]
_KIND: Final[dict[Market, str]] = {"On-Demand": "ec2-on-demand", "Spot": "ec2-spot"}


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Nodes of one type and market in a fleet.

    Parameters
    ----------
    fleet
        Its name.
    market
        How they are bought.
    type_name
        Their instance type.
    count
        How many.
    vcpus
        Processors of all of them, None if their size does not say.
    ec2, fee, disks
        USD an hour for all of them.
    """

    fleet: str
    market: Market
    type_name: str
    count: int
    vcpus: int | None
    ec2: Amount
    fee: Amount
    disks: Amount

    @property
    def hour(self) -> Amount:
        """USD an hour."""
        return self.ec2 + self.fee + self.disks


def choices(fleet: Fleet, units: int, market: Market, *, region: str, book: PriceBook) -> tuple[Nodes, ...]:
    """Fill a fleet with each of its instance types alone, those with the cheapest EC2 price a unit first.

    Types without an EC2 price come last. EMR starts whole nodes: it overshoots a target, never falls short.
    """
    filled = [
        (item, _nodes(item, math.ceil(units / item.units), fleet.name, market, region=region, book=book))
        for item in fleet.candidates
    ]
    filled.sort(key=lambda pair: (bool(pair[1].ec2.missing), pair[1].ec2.usd / pair[1].count / pair[0].units))
    return tuple(nodes for _, nodes in filled)


def assumed(ranked: tuple[Nodes, ...], market: Market) -> Nodes:
    """Choose the type that a fleet is taken to be filled with, of `choices`.

    Notes
    -----
    On-Demand goes by the lowest price. Spot (price-capacity-optimized) goes by capacity first, which nobody knows
    beforehand: the middle one by price is assumed, the dearer of two.
    """
    priced = [nodes for nodes in ranked if not nodes.ec2.missing] or list(ranked)
    return priced[len(priced) // 2] if market == "Spot" else priced[0]


def by_price(ranked: tuple[Nodes, ...]) -> list[Nodes]:
    """Sort by price an hour, only those whose EC2 price is known if any is."""
    priced = [nodes for nodes in ranked if not nodes.ec2.missing] or list(ranked)
    return sorted(priced, key=lambda nodes: nodes.hour.usd)


def _nodes(item: Candidate, count: int, fleet: str, market: Market, *, region: str, book: PriceBook) -> Nodes:
    disks = [
        amount(book, "ebs", volume.kind, region, what=f"{volume.kind} disks") * ((volume.gib or 0) / HOURS_A_MONTH)
        if volume.gib is not None
        else Amount(missing=frozenset({f"disks of {item.name}, whose size is not known"}))
        for volume in item.volumes
    ]
    price = amount(book, _KIND[market], item.name, region, what=f"{market} price of {item.name}")
    fee = amount(book, "emr-fee", item.name, region, what=f"EMR fee of {item.name}")
    return Nodes(
        fleet=fleet,
        market=market,
        type_name=item.name,
        count=count,
        vcpus=None if item.vcpus is None else item.vcpus * count,
        ec2=price * count,
        fee=fee * count,
        disks=total(disks) * count,
    )
