import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from infra.instance_types import Architecture, default_instance_types
from infra.residency import EU_REGIONS
from infra.settings import DeploymentSettings
from ops.pricing.amount import Amount
from ops.pricing.footprint import Footprint
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.offer import make_offer
from ops.pricing.prediction import predict
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook, PricesUnreadable, Record, Rule, Source
from ops.pricing.requests import Requests
from tests.ops.pricing.test_prediction import MEASURED

SPOT_RULE = Rule(kind="ec2-spot", share=0.5, of="ec2-on-demand", source="rule", date="2026-11-22")

# As in ops/pricing/prices.json on 2026-11-27, whose figures change with `fruits price --refresh` and which these tests
# therefore do not read; docs/cost.md has their sources.
FIGURES = {
    ("ec2-on-demand", "m5.xlarge", "eu-west-3"): 0.224,
    ("ec2-on-demand", "m5a.xlarge", "eu-west-3"): 0.202,
    ("ec2-on-demand", "m6a.xlarge", "eu-west-3"): 0.2016,
    ("ec2-on-demand", "m6i.xlarge", "eu-west-3"): 0.224,
    ("ec2-on-demand", "m7i.xlarge", "eu-west-3"): 0.2352,
    ("ec2-spot", "m5.xlarge", "eu-west-3"): 0.0578,
    ("ec2-spot", "m5a.xlarge", "eu-west-3"): 0.0985,
    ("ec2-spot", "m6a.xlarge", "eu-west-3"): 0.0825,
    ("ec2-spot", "m6i.xlarge", "eu-west-3"): 0.0767,
    ("ec2-spot", "m7i.xlarge", "eu-west-3"): 0.0807,
    ("ec2-on-demand", "m6g.xlarge", "eu-north-1"): 0.164,
    ("ec2-on-demand", "m5.2xlarge", "eu-west-1"): 0.428,
    ("ec2-on-demand", "m5.4xlarge", "eu-west-1"): 0.856,
    ("ec2-spot", "m5.2xlarge", "eu-west-1"): 0.1905,
    ("ec2-spot", "m5.4xlarge", "eu-west-1"): 0.3872,
    ("emr-fee", "m5.xlarge", "*"): 0.048,
    ("emr-fee", "m5a.xlarge", "*"): 0.043,
    ("emr-fee", "m6a.xlarge", "*"): 0.0432,
    ("emr-fee", "m6g.xlarge", "*"): 0.039,
    ("emr-fee", "m6i.xlarge", "*"): 0.048,
    ("emr-fee", "m7i.xlarge", "*"): 0.0504,
    ("emr-fee", "m5.2xlarge", "*"): 0.096,
    ("emr-fee", "m5.4xlarge", "*"): 0.192,
    ("ebs", "gp2", "eu-west-3"): 0.116,
    ("ebs", "gp2", "eu-north-1"): 0.1045,
    ("ebs", "gp2", "eu-west-1"): 0.11,
    ("s3", "put", "eu-west-3"): 0.0053,
    ("s3", "get", "eu-west-3"): 0.00042,
    ("s3", "put", "eu-north-1"): 0.005,
    ("s3", "get", "eu-north-1"): 0.0004,
    ("s3", "put", "eu-west-1"): 0.005,
    ("s3", "get", "eu-west-1"): 0.0004,
    ("kms", "key", "*"): 1.0,
    ("cloudwatch", "alarm", "*"): 0.1,
    ("budget", "budget", "*"): 0.0,
    ("vpc-endpoint", "gateway", "*"): 0.0,
    ("nat", "gateway", "eu-west-1"): 0.048,
    ("states", "transition", "eu-west-3"): 0.0297,
    ("states", "transition", "eu-north-1"): 0.025,
    ("states", "transition", "eu-west-1"): 0.025,
}


def _book(figures: dict[tuple[str, str, str], float], *rules: Rule, day: str = "2026-11-22") -> PriceBook:
    return PriceBook(
        records=tuple(
            Record(kind=kind, name=name, region=region, unit="", usd=usd, source="page", date=day)
            for (kind, name, region), usd in figures.items()
        ),
        rules=rules,
        sources={"page": Source(title="a page"), "rule": Source(title="a table", estimate=True)},
        euro_usd=1.25,
        euro_date=date(2026, 11, 22),
        euro_source="page",
    )


def _footprint(**values: Any) -> Footprint:
    return footprint_of_settings(DeploymentSettings(env="demo", **values))


DEMO = _footprint(task_spot_vcpus=8, max_lifetime="2h")


def test_the_demo_in_paris_costs_what_a_calculator_says() -> None:
    priced = price(DEMO, _book(FIGURES))
    # Disks of an xlarge: 32 GiB root and 64 GiB of EMR's. Cheapest On-Demand: m6a.xlarge. Eight vCPUs are two nodes.
    disks = 96 * 0.116 / 730
    cheapest = 0.2016 + 0.0432 + disks
    # Spot by price: m5 0.0578, m6i 0.0767, m7i 0.0807 (the middle), m6a 0.0825, m5a 0.0985.
    task = 2 * (0.0807 + 0.0504 + disks)
    standing = (1.0 + 3 * 0.1) / 730
    assert [(item.fleet, item.type_name, item.count) for item in priced.nodes] == [
        ("primary", "m6a.xlarge", 1),
        ("core", "m6a.xlarge", 2),
        ("task", "m7i.xlarge", 2),
    ]
    hour = 3 * cheapest + task + standing
    assert priced.hour.usd == pytest.approx(hour)
    assert priced.hour.usd == pytest.approx(1.0747, abs=5e-5)
    assert priced.hour_on_demand.usd == pytest.approx(5 * cheapest + standing)
    # Dearest On-Demand: m7i.xlarge; the limit of managed scaling is the 16 vCPUs asked for.
    worst = 5 * (0.2352 + 0.0504 + disks) + standing
    assert priced.worst_hour.usd == pytest.approx(worst)
    assert priced.until_idle_stop is not None
    assert priced.until_idle_stop.usd == pytest.approx(worst / 4)  # 15 minutes
    assert priced.until_max_lifetime is not None
    assert priced.until_max_lifetime.usd == pytest.approx(worst * 2)
    assert priced.month_at_rest.usd == pytest.approx(1.30)
    assert priced.start.usd == pytest.approx(2 * 3 * 0.0297 / 1000)
    # 9,216 photographs are 96 tasks of 96, and so 96 batches. 600 s, 9,216 / (100 x 16) = 5.76 s, and 10 s.
    run = predict(9_216, priced, MEASURED)
    assert run.requests == Requests(lists=10 + 18 + 6, gets=9_216 + 1_200 + 8 * 96 + 3, puts=2 * 96 + 20)
    requests = (34 + 212) * 0.0053 / 1000 + 11_187 * 0.00042 / 1000
    assert run.cost[1].usd == pytest.approx(hour * 616 / 3600 + 6 * 0.0297 / 1000 + requests)
    assert run.upload_cost.usd == pytest.approx(9_217 * 0.0053 / 1000)
    assert run.all_in.usd == pytest.approx(run.cost[1].usd + run.upload_cost.usd)
    assert run.all_in.qualifier == ""


def test_graviton_in_stockholm_without_spot_costs_what_a_calculator_says() -> None:
    footprint = _footprint(region="eu-north-1", architecture="arm64", core_vcpus=18)
    priced = price(footprint, _book(FIGURES))
    # 18 vCPUs: five nodes of four, for EMR starts whole ones.
    hour = 6 * (0.164 + 0.039 + 96 * 0.1045 / 730) + 1.30 / 730
    assert [(item.type_name, item.count) for item in priced.nodes] == [("m6g.xlarge", 1), ("m6g.xlarge", 5)]
    assert priced.hour.usd == pytest.approx(hour)
    assert priced.hour_on_demand == priced.hour
    # 2,000 photographs on 20 vCPUs: a second. 20 tasks of 96 and one of 80; listed on two pages.
    run = predict(2_000, priced, MEASURED)
    assert run.requests == Requests(lists=2 + 18 + 1, gets=2_000 + 1_200 + 8 * 21 + 3, puts=2 * 21 + 20)
    requests = (21 + 62) * 0.005 / 1000 + 3_371 * 0.0004 / 1000
    assert run.cost[1].usd == pytest.approx(hour * 611 / 3600 + 6 * 0.025 / 1000 + requests)


def test_large_nodes_in_ireland_scaled_out_cost_what_a_calculator_says() -> None:
    sizes = ["m5.2xlarge", "m5.4xlarge"]
    footprint = _footprint(
        region="eu-west-1",
        mode="interactive",
        primary_instance_types=["m5.2xlarge"],
        core_instance_types=sizes,
        task_instance_types=sizes,
        core_vcpus=16,
        task_spot_vcpus=16,
        maximum_vcpus=64,
        idle_stop="30m",
        max_lifetime="8h",
    )
    priced = price(footprint, _book(FIGURES))
    # Disks of m5.2xlarge: 32 GiB root and 128 GiB of EMR's; of m5.4xlarge: 32 and 256; 0.11 USD a GB and month.
    small_disks, large_disks = 160 * 0.11 / 730, 288 * 0.11 / 730
    small = 0.428 + 0.096 + small_disks
    # Two m5.2xlarge or one m5.4xlarge have the same EC2 price a vCPU: the first named is taken.
    core = 2 * small
    # Spot a vCPU: m5.2xlarge 0.1905/8 = 0.02381, m5.4xlarge 0.3872/16 = 0.0242; of two the dearer is assumed.
    task = 0.3872 + 0.192 + large_disks
    standing = 1.30 / 730
    hour = small + core + task + standing
    assert priced.hour.usd == pytest.approx(hour)
    # Worst: 64 vCPUs are eight m5.2xlarge (8 x 0.524 = 4.192 and 8 x 160 GiB) or four m5.4xlarge (4 x 288 GiB).
    worst = small + 8 * small + standing
    assert priced.worst_hour.usd == pytest.approx(worst)
    assert priced.until_idle_stop is not None
    assert priced.until_idle_stop.usd == pytest.approx(worst / 2)
    assert priced.until_max_lifetime is not None
    assert priced.until_max_lifetime.usd == pytest.approx(worst * 8)
    # 9,216 photographs on 32 vCPUs: 2.88 s; batches of 48 are 192; each is exported as CSV, too; then 30 idle minutes.
    run = predict(9_216, priced, MEASURED, batch_size=48, csv=True)
    assert run.requests == Requests(lists=10 + 18 + 3, gets=9_216 + 1_200 + 8 * 192 + 3, puts=3 * 192 + 20)
    requests = (31 + 596) * 0.005 / 1000 + 11_955 * 0.0004 / 1000
    assert run.cost[1].usd == pytest.approx(hour * 2_413 / 3600 + 6 * 0.025 / 1000 + requests)
    assert run.cost[1].missing == frozenset()


@pytest.mark.parametrize(
    ("kind", "name", "region", "said"),
    [
        ("emr-fee", "m6a.xlarge", "*", "EMR fee of m6a.xlarge in eu-west-3"),
        ("ebs", "gp2", "eu-west-3", "gp2 disks in eu-west-3"),
        ("kms", "key", "*", "KMS key in eu-west-3"),
        ("cloudwatch", "alarm", "*", "CloudWatch alarm in eu-west-3"),
        ("states", "transition", "eu-west-3", "Step Functions state transition in eu-west-3"),
    ],
)
def test_a_price_that_is_not_known_is_said_and_adds_nothing(kind: str, name: str, region: str, said: str) -> None:
    whole = price(DEMO, _book(FIGURES)).everything
    without = {key: usd for key, usd in FIGURES.items() if key != (kind, name, region)}
    lacking = price(DEMO, _book(without)).everything
    assert said not in whole.missing
    assert said in lacking.missing
    assert lacking.qualifier == "at least"
    assert lacking.usd < whole.usd


def test_a_fleet_none_of_whose_types_has_a_price_is_missing_not_free() -> None:
    spotless = {key: usd for key, usd in FIGURES.items() if key[0] != "ec2-spot"}
    task = price(DEMO, _book(spotless)).nodes[2]
    assert task.ec2 == Amount(missing=frozenset({f"Spot price of {task.type_name} in eu-west-3"}))


def test_a_type_without_a_price_does_not_pass_for_the_cheapest() -> None:
    without = {key: usd for key, usd in FIGURES.items() if key != ("ec2-on-demand", "m6a.xlarge", "eu-west-3")}
    assert price(DEMO, _book(without)).nodes[0].type_name == "m5a.xlarge"


def test_a_fee_of_the_region_is_taken_before_that_of_all_regions() -> None:
    fees = {("emr-fee", "m6a.xlarge", "eu-west-3"): 0.04}
    assert price(DEMO, _book(FIGURES | fees)).nodes[0].fee.usd == 0.04


def test_a_known_price_is_taken_before_a_rule_and_a_rule_before_none() -> None:
    without = {key: usd for key, usd in FIGURES.items() if key != ("ec2-spot", "m6i.xlarge", "eu-west-3")}
    book = _book(without, SPOT_RULE)
    known, ruled = (book.find("ec2-spot", name, "eu-west-3") for name in ("m5.xlarge", "m6i.xlarge"))
    assert known is not None
    assert ruled is not None
    assert (known.usd, known.estimate) == (0.0578, False)
    assert (ruled.usd, ruled.estimate) == (0.112, True)


def test_requests_without_a_price_are_said() -> None:
    without = {key: usd for key, usd in FIGURES.items() if key[0] != "s3"}
    run = predict(9_216, price(DEMO, _book(without)), MEASURED)
    assert run.cost[1].missing == {"S3 GET requests in eu-west-3", "S3 PUT and LIST requests in eu-west-3"}


@pytest.mark.parametrize("region", [name for name, place in EU_REGIONS.items() if place.partition == "aws"])
@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_everything_that_default_settings_use_has_a_price(region: str, architecture: Architecture) -> None:
    settings = DeploymentSettings(env="demo", region=region, architecture=architecture, task_spot_vcpus=8)
    offer = make_offer(
        settings,
        label="",
        images=None,
        storage_gib=1,
        serverless=True,
        book=PriceBook.load(),
        throughput=MEASURED,
    )
    assert offer.everything.missing == frozenset()


def test_a_fee_is_a_quarter_of_on_demand_where_it_is_cheapest_or_less() -> None:
    book = PriceBook.load()
    fees = [record for record in book.records if record.kind == "emr-fee"]
    prices = [record for record in book.records if record.kind == "ec2-on-demand"]
    assert len({record.name for record in fees}) == len(fees)
    assert {record.name for record in prices} <= {record.name for record in fees}
    least = {name: min(item.usd for item in prices if item.name == name) for name in {item.name for item in prices}}
    assert all(fee.usd < 0.25 * least[fee.name] for fee in fees if fee.name in least)


def test_the_sovereign_cloud_has_no_price_of_another_partition() -> None:
    priced = price(_footprint(region="eusc-de-east-1"), _book(FIGURES))
    assert priced.everything.usd == 0
    assert "KMS key in eusc-de-east-1" in priced.month_at_rest.missing


def test_without_a_cluster_only_what_stands_bills() -> None:
    priced = price(Footprint(region="eu-west-1", nat_gateways=2, keys=1), _book(FIGURES))
    assert priced.month_at_rest.usd == pytest.approx(2 * 0.048 * 730 + 1)
    assert priced.hour.usd == pytest.approx(2 * 0.048 + 1 / 730)
    assert priced.until_max_lifetime == Amount()


def test_a_cluster_that_nothing_stops_has_no_worst_case() -> None:
    endless = Footprint(region=DEMO.region, fleets=DEMO.fleets)
    priced = price(endless, _book(FIGURES))
    assert (priced.until_idle_stop, priced.until_max_lifetime) == (None, None)


def test_a_type_of_resource_without_a_price_is_said() -> None:
    priced = price(Footprint(region="eu-west-1", others=("AWS::RDS::DBInstance",)), _book(FIGURES))
    assert priced.month_at_rest == Amount(missing=frozenset({"AWS::RDS::DBInstance"}))


def test_storage_bills_by_what_is_kept() -> None:
    book = _book({("s3", "standard", "eu-west-1"): 0.02})
    assert price(Footprint(region="eu-west-1", storage_gib=50), book).month_at_rest.usd == pytest.approx(1.0)


def test_the_price_file_knows_every_type_that_fleets_use_by_default() -> None:
    book = PriceBook.load()
    unknown = [
        (kind, item.name, region)
        for region, place in EU_REGIONS.items()
        if place.partition == "aws"
        for architecture in get_args(Architecture)
        for item in default_instance_types(region=region, architecture=architecture)
        for kind in ("ec2-on-demand", "ec2-spot", "emr-fee")
        if book.find(kind, item.name, region) is None
    ]
    assert unknown == []


def test_spot_is_cheaper_than_on_demand_in_the_price_file() -> None:
    book = PriceBook.load()
    spot = [record for record in book.records if record.kind == "ec2-spot"]
    assert spot
    for record in spot:
        on_demand = book.find("ec2-on-demand", record.name, record.region)
        assert on_demand is not None
        assert 0 < record.usd < on_demand.usd


def test_the_price_file_is_one_line_a_record_sorted(tmp_path: Path) -> None:
    book = PriceBook.load()
    copy = tmp_path / "prices.json"
    book.save(copy)
    assert PriceBook.load(copy) == book
    lines = [json.loads(line.rstrip(",")) for line in copy.read_text(encoding="utf-8").splitlines() if '"kind"' in line]
    prices = [(line["kind"], line["name"], line["region"]) for line in lines if "usd" in line]
    assert len(prices) == len(book.records)
    assert prices == sorted(prices)


@pytest.mark.parametrize("content", ["", "{}", '{"prices": [{"kind": 1}], "rules": [], "sources": {}, "euro": {}}'])
def test_a_damaged_price_file_is_refused(content: str, tmp_path: Path) -> None:
    damaged = tmp_path / "prices.json"
    damaged.write_text(content, encoding="utf-8")
    with pytest.raises(PricesUnreadable, match="not a price file"):
        PriceBook.load(damaged)


def test_a_price_from_an_unknown_source_is_refused(tmp_path: Path) -> None:
    book = _book({("kms", "key", "*"): 1.0})
    copy = tmp_path / "prices.json"
    book.save(copy)
    copy.write_text(copy.read_text(encoding="utf-8").replace('"source": "page"', '"source": "hearsay"'))
    with pytest.raises(PricesUnreadable, match="hearsay"):
        PriceBook.load(copy)
