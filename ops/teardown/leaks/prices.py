"""What a thing costs a month that nobody uses."""

from dataclasses import dataclass
from typing import Final

from ops.pricing.amount import Amount, amount
from ops.pricing.nodes import HOURS_A_MONTH
from ops.pricing.price_book import PriceBook

_SNAPSHOT: Final = ("ebs", "snapshot")
_OBJECTS: Final = ("s3", "standard")


@dataclass(frozen=True)
class Prices:
    """Monthly prices from a price book."""

    book: PriceBook

    def instance(self, instance_type: str, region: str) -> Amount:
        """Price an instance, On-Demand, without EMR's fee."""
        return self._hourly("ec2-on-demand", instance_type, region)

    def emr_fee(self, instance_type: str, region: str) -> Amount:
        """Price what EMR asks for an instance."""
        return self._hourly("emr-fee", instance_type, region)

    def disk(self, gib: int, kind: str, region: str) -> Amount:
        """Price an EBS volume."""
        return self._times(gib, "ebs", kind, region)

    def snapshot(self, gib: int, region: str) -> Amount:
        """Price a snapshot at its most: that of a full volume."""
        return self._times(gib, *_SNAPSHOT, region)

    def objects(self, gib: float, region: str) -> Amount:
        """Price what lies in a bucket, as S3 Standard."""
        return self._times(gib, *_OBJECTS, region)

    def logs(self, gib: float, region: str) -> Amount:
        """Price what a log group keeps."""
        return self._times(gib, "cloudwatch", "log storage", region)

    def key(self, region: str) -> Amount:
        """Price a KMS key."""
        return self._times(1, "kms", "key", region)

    def alarm(self, region: str) -> Amount:
        """Price an alarm on one metric."""
        return self._times(1, "cloudwatch", "alarm", region)

    def dashboard(self, region: str) -> Amount:
        """Price a dashboard beyond the free ones."""
        return self._times(1, "cloudwatch", "dashboard", region)

    def nat_gateway(self, region: str) -> Amount:
        """Price a NAT gateway that passes nothing on."""
        return self._hourly("nat", "gateway", region)

    def interface_endpoint(self, region: str) -> Amount:
        """Price an interface endpoint in one zone that passes nothing on."""
        return self._hourly("vpc-endpoint", "interface", region)

    def address(self, region: str) -> Amount:
        """Price a public IPv4 address, used or not."""
        return self._hourly("ip", "public-ipv4", region)

    def _hourly(self, kind: str, name: str, region: str) -> Amount:
        return self._times(HOURS_A_MONTH, kind, name, region)

    def _times(self, quantity: float, kind: str, name: str, region: str) -> Amount:
        return amount(self.book, kind, name, region, what=f"{kind} {name}") * quantity
