import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.settings import DeploymentSettings
from ops.pricing.footprint import Fleet, Footprint, candidate
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.machine import predict_machine
from ops.pricing.prediction import CannotPredict, Throughput, billed_seconds, load_throughput, predict
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook, Record
from ops.pricing.serverless import predict_serverless

PROJECT = Path(__file__).parents[3]
MEASURED = Throughput(
    images=10_000,
    cores=2,
    featurize_seconds=50,
    seconds=60,
    engine="litert",
    machine="a laptop",
    date="2026-11-22",
    source="a table",
)
"""100 photographs a second and core, and a tail of ten seconds."""


def _priced(**values: Any) -> Price:
    settings = DeploymentSettings(env="demo", **values)
    return price(footprint_of_settings(settings), PriceBook.load())


def test_a_run_takes_what_a_calculator_says() -> None:
    priced = _priced(core_vcpus=8, task_spot_vcpus=8)
    run = predict(160_000, priced, MEASURED)
    # 160,000 / (100 x 16) = 100 s; the tail is that of 10,000, times 16; the usual start-up is ten minutes.
    assert (run.nodes, run.vcpus) == (5, 16)
    assert run.seconds == pytest.approx((300 + 100 + 160, 600 + 100 + 160, 900 + 100 + 160))
    assert run.cost[1].usd == pytest.approx(priced.hour.usd * 860 / 3600 + priced.start.usd + run.requests_cost.usd)


def test_more_photographs_never_take_less_nor_cost_less() -> None:
    priced = _priced()
    runs = [predict(images, priced, MEASURED) for images in (0, 1, 10, 10_000, 10_001, 1_000_000)]
    for less, more in itertools.pairwise(runs):
        assert less.seconds[1] <= more.seconds[1]
        assert less.cost[1].usd <= more.cost[1].usd


def test_more_nodes_never_take_longer() -> None:
    runs = [predict(1_000_000, _priced(core_vcpus=vcpus), MEASURED) for vcpus in (4, 8, 64, 640)]
    assert [run.seconds[1] for run in runs] == sorted((run.seconds[1] for run in runs), reverse=True)


def test_a_run_without_new_photographs_still_pays_for_the_start() -> None:
    run = predict(0, _priced(), MEASURED)
    assert run.seconds == (310, 610, 910)


def test_no_number_of_nodes_shortens_the_start_and_the_tail() -> None:
    assert predict(10_000, _priced(core_vcpus=2_000), MEASURED).seconds[1] == pytest.approx(610, abs=0.1)


def test_a_cluster_that_stays_pays_for_its_idle_stop() -> None:
    run = predict(0, _priced(mode="interactive", idle_stop="30m"), MEASURED)
    assert run.seconds[1] == 610 + 1800


def test_a_run_longer_than_the_maximum_lifetime_is_said_not_to_fit() -> None:
    priced = _priced(max_lifetime=1800, core_vcpus=4)
    # 600 s of start-up and 10 s a 10,000 photographs on top of 1 s for 400 leave room for fewer than 400,000.
    assert predict(300_000, priced, MEASURED).fits
    assert not predict(400_000, priced, MEASURED).fits


def test_a_minute_is_the_least_that_bills_and_seconds_are_whole() -> None:
    assert [billed_seconds(seconds) for seconds in (0, 59.9, 60, 60.1)] == [60, 60, 60, 61]


def test_a_node_of_unknown_size_is_not_predicted() -> None:
    fleet = Fleet(
        name="core",
        candidates=(candidate("m7i.metal-24xl", units=1, root_gib=None),),
        on_demand_units=1,
        spot_units=0,
        scales=False,
    )
    with pytest.raises(CannotPredict, match=r"m7i\.metal-24xl"):
        predict(1, price(Footprint(region="eu-west-1", fleets=(fleet,)), PriceBook.load()), MEASURED)


def test_nothing_to_compute_on_is_not_predicted() -> None:
    with pytest.raises(CannotPredict, match="no core or task node"):
        predict(1, price(Footprint(region="eu-west-1"), PriceBook.load()), MEASURED)


def test_predictions_start_from_the_measurement_that_the_readme_quotes() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    row = re.search(r"\| the job, .*featurization alone: ([\d.]+) s\) \| ([\d.]+) \|", readme)
    count = re.search(r"([\d,]+) photographs of Fruits-360", readme)
    measured = load_throughput()
    assert row is not None
    assert count is not None
    assert (measured.featurize_seconds, measured.seconds) == (float(row[1]), float(row[2])), (
        "README quotes a newer measurement: write it into ops/pricing/measured.json"
    )
    assert measured.images == int(count[1].replace(",", ""))


def test_serverless_costs_what_a_calculator_says() -> None:
    # Ireland, February 2023 (PerfKitBenchmarker): 0.052624 USD a vCPU-hour, 0.0057785 a GB-hour.
    figures = {"vcpu x86_64": 0.052624, "memory x86_64": 0.0057785}
    book = PriceBook.load().with_records(
        (
            Record(kind="emr-serverless", name=name, region="eu-west-1", unit="", usd=usd, source="perfkit", date=day)
            for name, usd in figures.items()
            for day in ["2023-02-01"]
        ),
        {"perfkit": replace(next(iter(PriceBook.load().sources.values())))},
    )
    run = predict_serverless(160_000, 16, Footprint(region="eu-west-1", architecture="x86_64"), book, MEASURED)
    # A driver and four executors, each 4 x 0.052624 + 16 x 0.0057785 = 0.302952 an hour; 100 s and a tail of 160 s.
    assert run.workers == 5
    assert run.seconds == pytest.approx(260)
    assert run.hour.usd == pytest.approx(5 * 0.302952)
    assert run.cost.usd == pytest.approx(5 * 0.302952 * 260 / 3600)


def test_serverless_bills_a_minute_at_least() -> None:
    footprint = Footprint(region="eu-west-1", architecture="x86_64")
    run = predict_serverless(0, 16, footprint, PriceBook.load(), MEASURED)
    assert run.cost.usd == pytest.approx(run.hour.usd / 60)


def test_one_machine_costs_what_a_calculator_says() -> None:
    priced = _priced(core_vcpus=8, region="eu-west-3")
    run = predict_machine(160_000, priced, MEASURED)
    # An m6a.xlarge, 0.2016 USD an hour in Paris and its disks, no fee: 160,000 / (100 x 4) = 400 s, a tail of 160 s.
    disks = next(item.disks.usd / item.count for item in priced.nodes if item.fleet == "core")
    assert (run.type_name, run.vcpus) == ("m6a.xlarge", 4)
    assert run.seconds == pytest.approx(560)
    assert run.cost.usd == pytest.approx((0.2016 + disks) * 560 / 3600)


def test_one_machine_cannot_be_predicted_without_a_core_node() -> None:
    priced = _priced()
    without = replace(priced, nodes=tuple(item for item in priced.nodes if item.fleet != "core"))
    with pytest.raises(CannotPredict, match="no On-Demand core node"):
        predict_machine(1, without, MEASURED)
