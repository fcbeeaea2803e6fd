"""What is asked of AWS's Price List for a price, and how its answers are read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_HOURS: Final = ("Hrs", "Hours", "Hour")


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question for one price.

    Parameters
    ----------
    kind, name, unit
        Kind, name and unit of the record that the answer becomes.
    service
        Service code of the Price List.
    filters
        Attributes that its products match.
    usage
        Regular expression for the end of their usage type, whose beginning depends on the region.
    units
        Spellings of the unit in the Price List; empty for any.
    times
        How many of the Price List's units are one of the record's.
    """

    kind: str
    name: str
    unit: str
    service: str
    filters: Mapping[str, str]
    usage: str = ""
    units: tuple[str, ...] = ()
    times: int = 1


def queries(region: str, instance_types: Iterable[str]) -> Iterator[Query]:
    """List what is asked about a region."""
    here = {"regionCode": region}
    for name in instance_types:
        machine = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
        yield Query(
            kind="ec2-on-demand",
            name=name,
            unit="hour",
            service="AmazonEC2",
            filters={**here, **machine, "instanceType": name, "marketoption": "OnDemand"},
            units=_HOURS,
        )
        yield Query(
            kind="emr-fee",
            name=name,
            unit="hour",
            service="ElasticMapReduce",
            filters={
                **here,
                "instanceType": name,
                "productFamily": "Elastic Map Reduce Instance",
                "softwareType": "EMR",
            },
            units=_HOURS,
        )
    for kind in ("gp2", "gp3"):
        disks = {**here, "productFamily": "Storage", "volumeApiName": kind}
        yield Query(kind="ebs", name=kind, unit="GB-month", service="AmazonEC2", filters=disks)
    for name, meter, unit in (
        ("vcpu x86_64", "CPUHours", "vCPU-hour"),
        ("memory x86_64", "GBHours", "GB-hour"),
        ("vcpu arm64", "ARMCPUHours", "vCPU-hour"),
        ("memory arm64", "ARMGBHours", "GB-hour"),
        ("storage", "StorageGBHours", "GB-hour"),
    ):
        yield Query(
            kind="emr-serverless",
            name=name,
            unit=unit,
            service="ElasticMapReduce",
            filters={**here, "meterunit": meter},
            usage="SERVERLESS.*",
        )
    for kind, name, unit, service, family, usage, times in (
        ("cloudwatch", "alarm", "month", "AmazonCloudWatch", "Alarm", "CW:AlarmMonitorUsage", 1),
        ("kms", "key", "month", "awskms", "Encryption Key", "KMS-Keys", 1),
        ("nat", "gateway", "hour", "AmazonEC2", "NAT Gateway", "NatGateway-Hours", 1),
        ("s3", "standard", "GB-month", "AmazonS3", "Storage", "TimedStorage-ByteHrs", 1),
        ("s3", "put", "1000 requests", "AmazonS3", "API Request", "Requests-Tier1", 1000),
        ("s3", "get", "1000 requests", "AmazonS3", "API Request", "Requests-Tier2", 1000),
        ("states", "transition", "1000 transitions", "AmazonStates", "", "StateTransition", 1000),
        ("vpc-endpoint", "interface", "hour", "AmazonVPC", "VpcEndpoint", "VpcEndpoint-Hours", 1),
    ):
        filters = here | ({"productFamily": family} if family else {})
        yield Query(kind=kind, name=name, unit=unit, service=service, filters=filters, usage=usage, times=times)


def read_price(query: Query, products: Iterable[str]) -> float | None:
    """Read the one price that products have, in USD for one of the query's unit.

    Parameters
    ----------
    query
        What was asked.
    products
        ``PriceList`` of GetProducts: JSON texts.

    Returns
    -------
    float or None
        None if no product fits, or if they have different prices: nothing is guessed. Of a price in steps, the
        first that is not free.
    """
    usage = re.compile(f"(.*[-:])?{query.usage}" if query.usage else ".*", re.IGNORECASE)
    prices = set()
    for text in products:
        product = json.loads(text)
        if usage.fullmatch(product["product"]["attributes"].get("usagetype", "")):
            prices.add(_first_step(product, query.units))
    prices.discard(None)
    price = prices.pop() if len(prices) == 1 else None
    return None if price is None else price * query.times


def _first_step(product: Mapping[str, Any], units: tuple[str, ...]) -> float | None:
    steps = [
        (float(step.get("beginRange") or 0), float(step["pricePerUnit"]["USD"]))
        for term in product.get("terms", {}).get("OnDemand", {}).values()
        for step in term["priceDimensions"].values()
        if "USD" in step["pricePerUnit"] and (not units or step["unit"] in units)
    ]
    return min((step for step in steps if step[1] > 0), default=(0.0, None))[1]
