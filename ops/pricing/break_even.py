"""From how many new photographs a run on the cluster is worth its start, beside EMR Serverless and one machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ops.pricing.machine import predict_machine
from ops.pricing.prediction import CannotPredict, Throughput, compute_vcpus, predict
from ops.pricing.price import Price
from ops.pricing.price_book import PriceBook
from ops.pricing.serverless import predict_serverless

MOST: Final = 100_000_000
"""Photographs up to which is looked; nobody has more of fruits."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Photographs of a run, none of them known before, from which on the cluster is the better choice.

    Parameters
    ----------
    serverless
        It is cheaper than EMR Serverless; None for at no number, or where a price is not known.
    machine
        It is cheaper than one machine, likewise.
    sooner
        It is done sooner than one machine, its start included; None for at no number.
    machine_type
        Instance type of that machine.
    """

    serverless: int | None
    machine: int | None
    sooner: int | None
    machine_type: str

    def describe(self) -> str:
        """Return it in a sentence."""
        return (
            f"cheaper than EMR Serverless: {_from(self.serverless)}; done sooner than one {self.machine_type}:"
            f" {_from(self.sooner)}; cheaper than that: {_from(self.machine)}"
        )


def break_even(priced: Price, book: PriceBook, throughput: Throughput) -> BreakEven:
    """Find where the cluster begins to win.

    Parameters
    ----------
    priced
        Price of the cluster.
    book, throughput
        Prices and speed.

    Raises
    ------
    CannotPredict
        If no run can be predicted.

    Notes
    -----
    What all three pay alike, the requests to S3, is left out. The cluster's start counts, and that of the others does
    not, as in `predict`, `predict_serverless` and `predict_machine`.
    """
    vcpus = compute_vcpus(priced)

    def cluster(images: int) -> float:
        run = predict(images, priced, throughput)
        return run.cost[1].usd - run.requests_cost.usd

    def serverless(images: int) -> float:
        return predict_serverless(images, vcpus, priced.footprint, book, throughput).cost.usd

    def machine(images: int) -> float:
        return predict_machine(images, priced, throughput).cost.usd

    alone = predict_machine(1, priced, throughput)
    unpriced = predict_serverless(1, vcpus, priced.footprint, book, throughput).cost.missing
    return BreakEven(
        serverless=None if unpriced else _first(lambda images: cluster(images) < serverless(images)),
        machine=_first(lambda images: cluster(images) < machine(images)),
        sooner=_first(
            lambda images: (
                predict(images, priced, throughput).seconds[1] < predict_machine(images, priced, throughput).seconds
            )
        ),
        machine_type=alone.type_name,
    )


def break_even_if_any(priced: Price, book: PriceBook, throughput: Throughput) -> BreakEven | None:
    """Find the same; None if no run can be predicted."""
    try:
        return break_even(priced, book, throughput)
    except CannotPredict:
        return None


def _first(wins: Callable[[int], bool]) -> int | None:
    """Find the least number from which on something holds, to two digits: the model knows no more."""
    if not wins(MOST):
        return None
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wins(middle) else (middle, high)
    return _rounded(high)


def _rounded(count: int) -> int:
    """Round to two digits.

    Examples
    --------
    >>> _rounded(342_719), _rounded(7)
    (340000, 7)
    """
    return round(count, 2 - len(str(count)))


def _from(images: int | None) -> str:
    return f"from {images:,} new photographs on" if images is not None else "never"
