"""What runs that start by themselves cost in a month, beside what may be spent."""

from dataclasses import dataclass
from typing import Final

from ops.pricing.amount import Amount
from ops.pricing.prediction import Throughput, predict
from ops.pricing.price import Price

_WEEKS_A_MONTH: Final = 365 / 7 / 12


@dataclass(frozen=True, kw_only=True)
class ScheduledMonth:
    """A month of scheduled runs.

    Parameters
    ----------
    runs
        How many start.
    idle
        USD if none of them finds a new photograph.
    worst
        USD if each of them grows as far as it may and lasts until the maximum lifetime; None if nothing ends it.
    """

    runs: float
    idle: Amount
    worst: Amount | None


def scheduled_month(priced: Price, throughput: Throughput) -> ScheduledMonth | None:
    """Price a month of what a schedule starts; None without a schedule.

    Parameters
    ----------
    priced
        Price of the deployment.
    throughput
        How fast the job is.

    Raises
    ------
    CannotPredict
        If no run can be predicted.
    """
    runs = priced.footprint.runs_a_week * _WEEKS_A_MONTH
    if not runs:
        return None
    worst = priced.until_max_lifetime
    return ScheduledMonth(
        runs=runs,
        idle=predict(0, priced, throughput).cost[1] * runs,
        worst=worst * runs if worst else None,
    )
