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
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook, PricesUnreadable, Record, Rule, Source

EMR_RULE = Rule(kind="emr-fee", share=0.25, of="ec2-on-demand", source="rule", date="2026-11-22")

# Figures of skypilot-org/skypilot-catalog, catalogs/v8/aws/vms.csv, commit 00148f2 (Spot: the middle of three zones),
# of the KMS and Step Functions pages, and of EMR in us-east-1 for the fee; as in ops/pricing/prices.json, whose
# figures change with `fruits price --refresh` and which these tests therefore do not read.
FIGURES = {
    ("ec2-on-demand", "m5.xlarge", "eu-west-3"): 0.224,
    ("ec2-on-demand", "m5a.xlarge", "eu-west-3"): 0.202,
    ("ec2-on-demand", "m6a.xlarge", "eu-west-3"): 0.2016,
    ("ec2-on-demand", "m6i.xlarge", "eu-west-3"): 0.224,
    ("ec2-on-demand", "m7i.xlarge", "eu-west-3"): 0.2352,
    ("ec2-spot", "m5.xlarge", "eu-west-3"): 0.0675,
    ("ec2-spot", "m5a.xlarge", "eu-west-3"): 0.0874,
    ("ec2-spot", "m6a.xlarge", "eu-west-3"): 0.097,
    ("ec2-spot", "m6i.xlarge", "eu-west-3"): 0.0853,
    ("ec2-spot", "m7i.xlarge", "eu-west-3"): 0.081,
    ("ec2-on-demand", "m6g.xlarge", "eu-north-1"): 0.164,
    ("ec2-on-demand", "m5.2xlarge", "eu-west-1"): 0.428,
    ("ec2-on-demand", "m5.4xlarge", "eu-west-1"): 0.856,
    ("ec2-spot", "m5.2xlarge", "eu-west-1"): 0.206,
    ("ec2-spot", "m5.4xlarge", "eu-west-1"): 0.4371,
    ("kms", "key", "*"): 1.0,
    ("cloudwatch", "alarm", "*"): 0.1,
    ("budget", "budget", "*"): 0.0,
    ("vpc-endpoint", "gateway", "*"): 0.0,
    ("nat", "gateway", "eu-west-1"): 0.048,
    ("states", "transition", "eu-west-3"): 0.0297,
    ("states", "transition", "eu-west-1"): 0.025,
}
DISKS = {("ebs", "gp2", "eu-west-1"): 0.11}


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
    priced = price(DEMO, _book(FIGURES, EMR_RULE))
    # Cheapest On-Demand: m6a.xlarge, 0.2016, and a fee of a quarter. Eight vCPUs are two nodes.
    primary = 0.2016 + 0.0504
    core = 2 * (0.2016 + 0.0504)
    # Spot by price: m5 0.0675, m7i 0.0810, m6i 0.0853 (the middle), m5a 0.0874, m6a 0.0970.
    # The fee stays that of On-Demand: a quarter of 0.224.
    task = 2 * (0.0853 + 0.056)
    standing = (1.0 + 3 * 0.1) / 730
    assert [(item.fleet, item.type_name, item.count) for item in priced.nodes] == [
        ("primary", "m6a.xlarge", 1),
        ("core", "m6a.xlarge", 2),
        ("task", "m6i.xlarge", 2),
    ]
    assert priced.hour.usd == pytest.approx(primary + core + task + standing)
    assert priced.hour.usd == pytest.approx(1.0404, abs=5e-5)
    assert priced.hour_on_demand.usd == pytest.approx(5 * 0.252 + standing)
    # Dearest On-Demand: m7i.xlarge, 0.2352 and 0.0588; the limit of managed scaling is the 16 vCPUs asked for.
    worst = 5 * 0.294 + standing
    assert priced.worst_hour.usd == pytest.approx(worst)
    assert priced.until_idle_stop is not None
    assert priced.until_idle_stop.usd == pytest.approx(worst / 4)  # 15 minutes
    assert priced.until_max_lifetime is not None
    assert priced.until_max_lifetime.usd == pytest.approx(worst * 2)
    assert priced.month_at_rest.usd == pytest.approx(1.30)
    assert priced.start.usd == pytest.approx(2 * 3 * 0.0297 / 1000)
    assert priced.hour.missing == {"gp2 disks in eu-west-3"}
    assert priced.hour.qualifier == "at least"


def test_graviton_in_stockholm_without_spot_costs_what_a_calculator_says() -> None:
    footprint = _footprint(region="eu-north-1", architecture="arm64", core_vcpus=18)
    priced = price(footprint, _book(FIGURES, EMR_RULE))
    # 18 vCPUs: five nodes of four, for EMR starts whole ones. m6g.xlarge: 0.164 and 0.041.
    assert [(item.type_name, item.count) for item in priced.nodes] == [("m6g.xlarge", 1), ("m6g.xlarge", 5)]
    assert priced.hour.usd == pytest.approx(6 * (0.164 + 0.041) + 1.30 / 730)
    assert priced.hour_on_demand == priced.hour


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
    priced = price(footprint, _book(FIGURES | DISKS, EMR_RULE))
    # Disks of m5.2xlarge: 32 GiB root and 128 GiB of EMR's; of m5.4xlarge: 32 and 256; 0.11 USD a GB and month.
    small_disks, large_disks = 160 * 0.11 / 730, 288 * 0.11 / 730
    small = 0.428 + 0.107 + small_disks
    # Two m5.2xlarge or one m5.4xlarge have the same EC2 price a vCPU: the first named is taken.
    core = 2 * small
    # Spot a vCPU: m5.2xlarge 0.206/8 = 0.02575, m5.4xlarge 0.4371/16 = 0.02732; of two the dearer is assumed.
    task = 0.4371 + 0.214 + large_disks
    standing = 1.30 / 730
    assert priced.hour.usd == pytest.approx(small + core + task + standing)
    # Worst: 64 vCPUs are eight m5.2xlarge (8 x 0.535 = 4.28 and 8 x 160 GiB) or four m5.4xlarge (4 x 288 GiB).
    worst = small + 8 * small + standing
    assert priced.worst_hour.usd == pytest.approx(worst)
    assert priced.until_idle_stop is not None
    assert priced.until_idle_stop.usd == pytest.approx(worst / 2)
    assert priced.until_max_lifetime is not None
    assert priced.until_max_lifetime.usd == pytest.approx(worst * 8)
    assert priced.hour.missing == frozenset()
    assert priced.hour.qualifier == "about"


@pytest.mark.parametrize(
    ("kind", "name", "region", "said"),
    [
        ("emr-fee", "", "", "EMR fee of m6a.xlarge in eu-west-3"),
        ("kms", "key", "*", "KMS key in eu-west-3"),
        ("cloudwatch", "alarm", "*", "CloudWatch alarm in eu-west-3"),
        ("states", "transition", "eu-west-3", "Step Functions state transition in eu-west-3"),
    ],
)
def test_a_price_that_is_not_known_is_said_and_adds_nothing(kind: str, name: str, region: str, said: str) -> None:
    whole = price(DEMO, _book(FIGURES, EMR_RULE)).everything
    rules = () if kind == "emr-fee" else (EMR_RULE,)
    without = {key: usd for key, usd in FIGURES.items() if key != (kind, name, region)}
    lacking = price(DEMO, _book(without, *rules)).everything
    assert said not in whole.missing
    assert said in lacking.missing
    assert lacking.qualifier == "at least"
    assert lacking.usd < whole.usd


def test_a_fleet_none_of_whose_types_has_a_price_is_missing_not_free() -> None:
    spotless = {key: usd for key, usd in FIGURES.items() if key[0] != "ec2-spot"}
    task = price(DEMO, _book(spotless, EMR_RULE)).nodes[2]
    assert task.ec2 == Amount(missing=frozenset({f"Spot price of {task.type_name} in eu-west-3"}))


def test_a_type_without_a_price_does_not_pass_for_the_cheapest() -> None:
    without = {key: usd for key, usd in FIGURES.items() if key != ("ec2-on-demand", "m6a.xlarge", "eu-west-3")}
    assert price(DEMO, _book(without, EMR_RULE)).nodes[0].type_name == "m5a.xlarge"


def test_a_known_fee_is_taken_before_the_rule() -> None:
    fees = {("emr-fee", "m6a.xlarge", "eu-west-3"): 0.04}
    fee = price(DEMO, _book(FIGURES | fees, EMR_RULE)).nodes[0].fee
    assert (fee.usd, fee.estimates) == (0.04, frozenset())


def test_the_sovereign_cloud_has_no_price_of_another_partition() -> None:
    priced = price(_footprint(region="eusc-de-east-1"), _book(FIGURES, EMR_RULE))
    assert priced.everything.usd == 0
    assert "KMS key in eusc-de-east-1" in priced.month_at_rest.missing


def test_without_a_cluster_only_what_stands_bills() -> None:
    priced = price(Footprint(region="eu-west-1", nat_gateways=2, keys=1), _book(FIGURES))
    assert priced.month_at_rest.usd == pytest.approx(2 * 0.048 * 730 + 1)
    assert priced.hour.usd == pytest.approx(2 * 0.048 + 1 / 730)
    assert priced.until_max_lifetime == Amount()


def test_a_cluster_that_nothing_stops_has_no_worst_case() -> None:
    endless = Footprint(region=DEMO.region, fleets=DEMO.fleets)
    priced = price(endless, _book(FIGURES, EMR_RULE))
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
