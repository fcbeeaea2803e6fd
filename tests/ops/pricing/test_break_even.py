"""From how many photographs the cluster is worth its start."""

from ops.aws.given import read_given
from ops.pricing.break_even import MOST, BreakEven, break_even
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.machine import predict_machine
from ops.pricing.prediction import compute_vcpus, load_throughput, predict
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook
from ops.pricing.serverless import predict_serverless

BOOK, SPEED = PriceBook.load(), load_throughput()


def _priced(*settings: str) -> Price:
    return price(footprint_of_settings(read_given(settings).settings), BOOK)


def _costs(priced: Price, images: int) -> tuple[float, float]:
    run = predict(images, priced, SPEED)
    other = predict_serverless(images, compute_vcpus(priced), priced.footprint, BOOK, SPEED)
    return run.cost[1].usd - run.requests_cost.usd, other.cost.usd


def test_below_it_the_other_way_is_cheaper_and_above_it_the_cluster() -> None:
    priced = _priced()
    found = break_even(priced, BOOK, SPEED).serverless
    assert found is not None
    cluster, serverless = _costs(priced, round(0.9 * found))
    assert cluster > serverless
    cluster, serverless = _costs(priced, round(1.1 * found))
    assert cluster < serverless


def test_a_cluster_is_done_sooner_than_one_machine_from_some_number_on() -> None:
    priced = _priced()
    found = break_even(priced, BOOK, SPEED).sooner
    assert found is not None
    for factor, sooner in ((0.9, False), (1.1, True)):
        images = round(factor * found)
        ended = predict(images, priced, SPEED).seconds[1] < predict_machine(images, priced, SPEED).seconds
        assert ended is sooner


def test_what_never_pays_has_no_number() -> None:
    priced = _priced()
    assert break_even(priced, BOOK, SPEED).machine is None
    run, alone = predict(MOST, priced, SPEED), predict_machine(MOST, priced, SPEED)
    assert run.cost[1].usd - run.requests_cost.usd > alone.cost.usd


def test_it_is_said_in_one_line() -> None:
    found = BreakEven(serverless=690_000, machine=None, sooner=340_000, machine_type="m6a.xlarge")
    assert found.describe() == (
        "cheaper than EMR Serverless: from 690,000 new photographs on; done sooner than one m6a.xlarge:"
        " from 340,000 new photographs on; cheaper than that: never"
    )
