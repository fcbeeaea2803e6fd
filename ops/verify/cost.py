"""What a verification costs and how long it takes, said before it begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ops.beliefs.belief import Phase
from ops.errors import FruitsError
from ops.pricing.offer import make_offer
from ops.pricing.prediction import load_throughput
from ops.pricing.price_book import PriceBook
from ops.verify.stage import Stage
from ops.verify.workspace import A, B, Environment, Workspace

MOST_MINUTES: Final = 60
MOST_USD: Final = 2.0

_CLUSTERS: Final[dict[Phase, Environment]] = {Phase.TRANSIENT: A, Phase.AGAIN: A, Phase.INTERACTIVE: B}
"""Phases that start a cluster, and of which environment."""


class TooExpensive(FruitsError):
    """It could cost more than it may."""


@dataclass(frozen=True)
class Cost:
    """What a verification costs, in USD before tax by list price.

    Parameters
    ----------
    usual
        If each phase takes as long as it should.
    most
        If each cluster lives as long as its maximum lifetime lets it, at its dearest.
    """

    usual: float
    most: float


def cost_of(workspace: Workspace, stages: Iterable[Stage]) -> Cost:
    """Price the clusters of some stages by the figures of `fruits price`.

    Raises
    ------
    TooExpensive
        If the most is more than a verification may cost, or is not known.
    """
    started = [_CLUSTERS[stage.phase] for stage in stages if stage.phase in _CLUSTERS]
    usual = most = 0.0
    for env in started:
        price = make_offer(
            workspace.places[env].settings,
            label=env,
            images=None,
            storage_gib=0,
            serverless=False,
            book=PriceBook.load(),
            throughput=load_throughput(),
        ).price
        worst = price.until_max_lifetime
        if worst is None or worst.missing or price.hour.missing:
            raise TooExpensive(f"what a cluster of {env} costs at most is not known; ask: fruits price -c env={env}")
        usual += price.hour.usd * MOST_MINUTES / 60 / 2
        most += worst.usd
    if most > MOST_USD:
        raise TooExpensive(
            f"it could cost {most:.2f} USD, and may cost {MOST_USD:.2f}: choose smaller or cheaper instance types, or"
            " fewer rows: --rows 1,11,13"
        )
    return Cost(usual=usual, most=most)
