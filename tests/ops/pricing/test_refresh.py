import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ops.aws.account import AccessDenied, AwsRefused, Client
from ops.pricing.price_book import PriceBook
from ops.pricing.price_list import Query, queries, read_price
from ops.pricing.refresh import refresh, regions_to_ask, types_to_ask

# No embedded AWS has a price list. botocore checks here that requests and answers have the shape of the real API, and
# the products below are shaped as the Price List writes them.
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = Query(kind="ec2-on-demand", name="m5.xlarge", unit="hour", service="AmazonEC2", filters={}, units=("Hrs",))


def _product(*steps: tuple[str, str, str], usage: str = "EU-BoxUsage:m5.xlarge", sku: str = "HNKY83Z77VRXC2UH") -> str:
    """Write a product with prices as (begin of the step, unit, USD)."""
    term = {
        "priceDimensions": {
            f"{sku}.JRTCKXETXF.{number}": {
                "unit": unit,
                "beginRange": begin,
                "endRange": "Inf",
                "description": f"${usd} per {unit}",
                "appliesTo": [],
                "rateCode": f"{sku}.JRTCKXETXF.{number}",
                "pricePerUnit": {"USD": usd},
            }
            for number, (begin, unit, usd) in enumerate(steps)
        },
        "sku": sku,
        "effectiveDate": "2026-09-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": {"usagetype": usage}, "sku": sku},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
            "version": "20260925000000",
            "publicationDate": "2026-09-25T00:00:00Z",
        }
    )


def _client(service: str, region: str) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, region_name=region, aws_access_key_id="key", aws_secret_access_key="secret")


def _account(pricing: Any, ec2: Any) -> Any:
    def account(region: str) -> Client:
        return lambda service: pricing if service == "pricing" else ec2

    return account


def test_a_price_is_read() -> None:
    assert read_price(HOUR, [_product(("0", "Hrs", "0.2140000000"))]) == 0.214


def test_of_a_price_in_steps_the_first_that_is_not_free_is_taken() -> None:
    steps = ("10", "Hrs", "0.1"), ("0", "Hrs", "0.0"), ("5000", "Hrs", "0.05")
    assert read_price(HOUR, [_product(*steps)]) == 0.1


def test_a_price_of_another_unit_or_usage_is_not_taken() -> None:
    alarm = Query(kind="cloudwatch", name="alarm", unit="month", service="", filters={}, usage="CW:AlarmMonitorUsage")
    assert read_price(HOUR, [_product(("0", "Quantity", "3.0"))]) is None
    assert read_price(alarm, [_product(("0", "Alarms", "0.3"), usage="EUW3-CW:HighResAlarmMonitorUsage")]) is None
    assert read_price(alarm, [_product(("0", "Alarms", "0.1"), usage="EUW3-CW:AlarmMonitorUsage")]) == 0.1


def test_two_different_prices_are_no_answer() -> None:
    assert read_price(HOUR, [_product(("0", "Hrs", "0.2")), _product(("0", "Hrs", "0.3"))]) is None


def test_a_price_of_one_transition_becomes_one_of_a_thousand() -> None:
    transition = next(query for query in queries("eu-west-3", ()) if query.kind == "states")
    product = _product(("0", "StateTransitions", "0.0000297"), usage="EUW3-StateTransition")
    assert read_price(transition, [product]) == pytest.approx(0.0297)


@pytest.fixture
def answers() -> Iterator[tuple[Any, Any]]:
    """A Price List with a price for each question but EMR's, and a history of Spot prices, as botocore knows them."""
    pricing, ec2 = _client("pricing", "eu-central-1"), _client("ec2", "eu-west-3")
    with Stubber(pricing) as price_list, Stubber(ec2) as history:
        for query in queries("eu-west-3", ["m5.xlarge"]):
            usage = f"EUW3-{query.usage.replace('.*', '')}"
            product = _product(("0", query.units[0] if query.units else "unit", "0.5"), usage=usage)
            price_list.add_response(
                "get_products",
                {"FormatVersion": "aws_v1", "PriceList": [] if query.kind == "emr-fee" else [product]},
                {
                    "ServiceCode": query.service,
                    "Filters": [
                        {"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in query.filters.items()
                    ],
                    "FormatVersion": "aws_v1",
                },
            )
        zones = {"a": ["0.07", "0.06"], "b": ["0.09"], "c": ["0.08"]}
        history.add_response(
            "describe_spot_price_history",
            {
                "SpotPriceHistory": [
                    {
                        "InstanceType": "m5.xlarge",
                        "AvailabilityZone": f"eu-west-3{zone}",
                        "ProductDescription": "Linux/UNIX",
                        "SpotPrice": usd,
                        "Timestamp": datetime(2026, 11, 22, 11 - age, tzinfo=UTC),
                    }
                    for zone, prices in zones.items()
                    for age, usd in enumerate(prices)
                ]
            },
            {"InstanceTypes": ["m5.xlarge"], "ProductDescriptions": ["Linux/UNIX"], "StartTime": ANY},
        )
        yield pricing, ec2


def test_what_aws_says_replaces_what_was_known_and_the_rest_stays(answers: tuple[Any, Any]) -> None:
    book = PriceBook.load()
    refreshed = refresh(book, {"eu-west-3": ["m5.xlarge"]}, account=_account(*answers), now=NOW)
    found = refreshed.book.find("ec2-on-demand", "m5.xlarge", "eu-west-3")
    assert found is not None
    assert (found.usd, found.date, found.source) == (0.5, NOW.date(), "price-list")
    spot = refreshed.book.find("ec2-spot", "m5.xlarge", "eu-west-3")
    assert spot is not None
    assert spot.usd == 0.08  # the middle of 0.07 (the newest of its zone), 0.08 and 0.09
    assert refreshed.silent == ("emr-fee m5.xlarge in eu-west-3",)
    elsewhere = ("ec2-on-demand", "m5.xlarge", "eu-west-1")
    assert refreshed.book.find(*elsewhere) == book.find(*elsewhere)


def test_a_type_without_spot_history_is_said() -> None:
    pricing, ec2 = _client("pricing", "eu-central-1"), _client("ec2", "eu-west-3")
    with Stubber(pricing) as price_list, Stubber(ec2) as history:
        for _ in queries("eu-west-3", ["m5.xlarge"]):
            price_list.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": []})
        history.add_response("describe_spot_price_history", {"SpotPriceHistory": []})
        account = _account(pricing, ec2)
        refreshed = refresh(PriceBook.load(), {"eu-west-3": ["m5.xlarge"]}, account=account, now=NOW)
    assert refreshed.found == 0
    assert "ec2-spot m5.xlarge in eu-west-3" in refreshed.silent


def test_a_right_that_is_missing_is_said_in_one_line() -> None:
    pricing = _client("pricing", "eu-central-1")
    with Stubber(pricing) as price_list:
        price_list.add_client_error("get_products", "AccessDeniedException", "not authorized", 400)
        with pytest.raises(AccessDenied, match="cannot ask for prices: access denied"):
            refresh(PriceBook.load(), {"eu-west-3": []}, account=_account(pricing, None))


def test_the_price_list_is_asked_inside_the_union() -> None:
    asked: list[str] = []
    pricing = _client("pricing", "eu-central-1")

    def account(region: str) -> Client:
        asked.append(region)
        return lambda service: pricing

    with Stubber(pricing) as price_list:
        price_list.add_client_error("get_products", "ThrottlingException", "slow down", 400)
        with pytest.raises(AwsRefused, match="GetProducts answered ThrottlingException"):
            refresh(PriceBook.load(), {"eu-west-3": ["m5.xlarge"]}, account=account)
    assert asked == ["eu-central-1"]


def test_every_type_that_fleets_use_by_default_is_asked_for() -> None:
    assert set(types_to_ask("eu-north-1", ["r5.xlarge"])) == {
        "m5.xlarge",
        "m6i.xlarge",
        "m7a.xlarge",
        "m7i.xlarge",
        "m6g.xlarge",
        "m7g.xlarge",
        "m8g.xlarge",
        "r5.xlarge",
    }


def test_the_sovereign_cloud_is_not_asked() -> None:
    assert "eusc-de-east-1" not in regions_to_ask()
