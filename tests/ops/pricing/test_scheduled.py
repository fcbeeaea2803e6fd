import pytest

from infra.settings import DeploymentSettings
from ops.preflight import schedule
from ops.preflight.findings import Outcome, Scope
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.prediction import START_UP_SECONDS, load_throughput
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook
from ops.pricing.scheduled import scheduled_month

NIGHTLY = {"env": "demo", "schedule": "02:30"}
SMALL = {"task_spot_vcpus": 0, "core_vcpus": 4}


def _priced(**given: object) -> Price:
    return price(footprint_of_settings(DeploymentSettings(**NIGHTLY | given)), PriceBook.load())  # type: ignore[arg-type]


def _found(**given: object) -> tuple[Outcome, str]:
    scope = Scope(DeploymentSettings(**NIGHTLY | given), "", None, None)  # type: ignore[arg-type]
    found = schedule.budget(scope)
    return found.outcome, found.text


def test_a_month_of_every_night_is_a_twelfth_of_a_year() -> None:
    priced, throughput = _priced(), load_throughput()
    month = scheduled_month(priced, throughput)
    assert month is not None
    assert month.runs == pytest.approx(365 / 12)
    seconds = START_UP_SECONDS[1] + throughput.tail_seconds(0)
    assert month.idle.usd == pytest.approx(365 / 12 * (priced.hour.usd * seconds / 3600 + priced.start.usd), rel=0.02)
    assert month.worst is not None
    assert priced.until_max_lifetime is not None
    assert month.worst.usd == pytest.approx(365 / 12 * priced.until_max_lifetime.usd)


def test_two_nights_a_week_are_two_sevenths_of_it() -> None:
    throughput = load_throughput()
    every, two = (scheduled_month(_priced(**days), throughput) for days in ({}, {"schedule_days": "mon,thu"}))
    assert every is not None
    assert two is not None
    assert two.idle.usd == pytest.approx(every.idle.usd * 2 / 7)


def test_without_a_schedule_there_is_no_month() -> None:
    assert scheduled_month(_priced(schedule=None), load_throughput()) is None


def test_a_schedule_that_exceeds_the_budget_while_it_finds_nothing_is_refused() -> None:
    outcome, text = _found(budget=1)
    assert (outcome, "30 runs a month cost " in text) == (Outcome.FAILURE, True)
    assert text.endswith("the budget is 1 USD; accepted: fewer schedule_days, smaller fleets or a larger budget")


def test_a_schedule_that_may_exceed_the_budget_is_a_warning() -> None:
    outcome, text = _found(budget=20)
    assert (outcome, "if each lasts until its maximum lifetime; the budget is 20 USD" in text) == (
        Outcome.WARNING,
        True,
    )


def test_a_schedule_that_stays_within_the_budget_at_the_worst_is_right() -> None:
    outcome, text = _found(budget=20, schedule_days="sun", max_lifetime="1h", **SMALL)
    assert (outcome, "4 runs a month" in text, "never more than" in text) == (Outcome.OK, True, True)


def test_a_schedule_without_prices_does_not_pass_for_one_within_the_budget() -> None:
    outcome, text = _found(region="eusc-de-east-1", budget=100_000)
    assert (outcome, "is not priced wholly: " in text) == (Outcome.WARNING, True)
