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
        """Return it as text."""
        return f"{self.amount.words} an hour by list price"

    def so_far(self, cluster: Cluster, now: datetime) -> str:
        """Return what a cluster has cost since its nodes were ready, until now or until it ended."""
        seconds = ((cluster.ended or now) - (cluster.ready or cluster.ended or now)).total_seconds()
        return f"{(self.amount * (max(0.0, seconds) / 3600)).words} so far, {self.describe()}"


def hourly_cost(settings: DeploymentSettings) -> HourlyCost | None:
    """Price a cluster; None if no price is known."""
    try:
        hour = price(footprint_of_settings(settings), PriceBook.load()).hour
    except PricesUnreadable:
        return None
    return HourlyCost(hour) if hour.usd else None
