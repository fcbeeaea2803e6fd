"""What a cluster costs while it is there, from the price file of the repository."""

from dataclasses import dataclass
from datetime import datetime

from infra.settings import DeploymentSettings
from ops.aws.clusters import Cluster
from ops.pricing.amount import Amount
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook, PricesUnreadable


@dataclass(frozen=True)
class HourlyCost:
    """What a cluster of some settings costs an hour."""

    amount: Amount

    def describe(self) -> str:
        """Say it."""
        return f"{self._dollars(self.amount.usd)} an hour by list price"

    def so_far(self, cluster: Cluster, now: datetime) -> str:
        """Say what a cluster has cost until now, or until it ended; from when its nodes were ready."""
        seconds = ((cluster.ended or now) - (cluster.ready or cluster.ended or now)).total_seconds()
        return f"{self._dollars(self.amount.usd * max(0.0, seconds) / 3600)} so far, {self.describe()}"

    def _dollars(self, usd: float) -> str:
        qualifier = f"{self.amount.qualifier} " if self.amount.qualifier else ""
        return f"{qualifier}{usd:.2f} USD"


def hourly_cost(settings: DeploymentSettings) -> HourlyCost | None:
    """Price a cluster; None if no price is known."""
    try:
        hour = price(footprint_of_settings(settings), PriceBook.load()).hour
    except PricesUnreadable:
        return None
    return HourlyCost(hour) if hour.usd else None
