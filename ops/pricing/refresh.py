"""Prices anew: from AWS's Price List, asked in Frankfurt, and from the history of Spot prices."""

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, get_args

from infra.instance_types import Architecture, default_instance_types
from infra.residency import EU_REGIONS
from ops.aws.account import Client, asking
from ops.pricing.price_book import PriceBook, Record, Source
from ops.pricing.price_list import Query, queries, read_price

PRICE_LIST_REGION: Final = "eu-central-1"
"""The one region of the European Union where the Price List answers."""

_SOURCES: Final = {
    "price-list": Source(title=f"AWS Price List Query API, {PRICE_LIST_REGION}"),
    "spot-history": Source(
        title="Amazon EC2, DescribeSpotPriceHistory", note="The median of the region's zones at that moment."
    ),
}


@dataclass(frozen=True)
class Refreshed:
    """A new book, and what AWS did not say.

    Parameters
    ----------
    book
        Old prices, replaced by new ones where there are any.
    found
        How many were found.
    silent
        What has no price, or no single one, at AWS: ``EMR fee m8g.xlarge in eu-south-1``.
    """

    book: PriceBook
    found: int
    silent: tuple[str, ...]


def types_to_ask(region: str, further: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the instance types that fleets of the region use by default, and further ones."""
    defaults = {
        item.name
        for architecture in get_args(Architecture)
        for item in default_instance_types(region=region, architecture=architecture)
    }
    return tuple(sorted(defaults | set(further)))


def refresh(
    book: PriceBook,
    types: Mapping[str, Iterable[str]],
    *,
    account: Callable[[str], Client],
    now: datetime | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> Refreshed:
    """Ask AWS for all prices of some regions.

    Parameters
    ----------
    book
        What is known so far.
    types
        Instance types by regions.
    account
        Returns the clients of a region.
    now
        The time; that of the clock unless given.
    progress
        Called with what is asked for next.

    Raises
    ------
    AwsRefused
        If AWS cannot be asked; nothing is changed then.
    """
    moment = now or datetime.now(tz=UTC)
    day = moment.date().isoformat()
    pricing = account(PRICE_LIST_REGION)("pricing")
    records: list[Record] = []
    silent: list[str] = []
    for region, names in types.items():
        for query in queries(region, names):
            progress(f"{query.kind} {query.name} in {region}")
            usd = _ask(pricing, query)
            if usd is None:
                silent.append(f"{query.kind} {query.name} in {region}")
                continue
            records.append(
                Record(
                    kind=query.kind,
                    name=query.name,
                    region=region,
                    unit=query.unit,
                    usd=round(usd, 8),
                    source="price-list",
                    date=day,
                )
            )
        progress(f"Spot in {region}")
        for name, usd in _spot(account(region)("ec2"), tuple(names), moment).items():
            if usd is None:
                silent.append(f"ec2-spot {name} in {region}")
                continue
            records.append(
                Record(
                    kind="ec2-spot",
                    name=name,
                    region=region,
                    unit="hour",
                    usd=round(usd, 8),
                    source="spot-history",
                    date=day,
                )
            )
    return Refreshed(book.with_records(records, _SOURCES), len(records), tuple(silent))


def regions_to_ask() -> tuple[str, ...]:
    """Return the regions with a common price list; the Sovereign Cloud has its own, in euros."""
    return tuple(name for name, region in EU_REGIONS.items() if region.partition == "aws")


def _ask(pricing: Any, query: Query) -> float | None:
    filters = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in query.filters.items()]
    with asking("ask for prices"):
        pages = pricing.get_paginator("get_products").paginate(
            ServiceCode=query.service, Filters=filters, FormatVersion="aws_v1"
        )
        return read_price(query, [product for page in pages for product in page["PriceList"]])


def _spot(ec2: Any, names: tuple[str, ...], moment: datetime) -> dict[str, float | None]:
    """Return the median of the zones by type, from the newest price of each; None for a type without any."""
    newest: dict[tuple[str, str], tuple[datetime, float]] = {}
    with asking("ask for Spot prices"):
        pages = ec2.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=list(names), ProductDescriptions=["Linux/UNIX"], StartTime=moment
        )
        for item in (item for page in pages for item in page["SpotPriceHistory"]):
            place = item["InstanceType"], item["AvailabilityZone"]
            seen = (item["Timestamp"], float(item["SpotPrice"]))
            newest[place] = max(newest.get(place, seen), seen)
    zones = {name: [usd for (item, _), (_, usd) in newest.items() if item == name] for name in names}
    return {name: statistics.median(prices) if prices else None for name, prices in zones.items()}
