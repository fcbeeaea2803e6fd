"""The price of settings and of a run with them, one of several to compare."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from infra.settings import DeploymentSettings
from ops.pricing.amount import Amount, total
from ops.pricing.break_even import BreakEven, break_even_if_any
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.machine import MachineRun, predict_machine
from ops.pricing.prediction import CannotPredict, Run, Throughput, compute_vcpus, predict
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook
from ops.pricing.scheduled import ScheduledMonth, scheduled_month
from ops.pricing.serverless import ServerlessRun, predict_serverless

MILLION: Final = 1_000_000
"""Photographs, of which the price all in is shown beside that of the run: there the start of a cluster is little."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Settings with a price.

    Parameters
    ----------
    label
        What sets them apart: ``architecture=arm64``.
    title
        What they are.
    price
        Price of the deployment.
    run, million, serverless, machine
        Predicted: the run asked for, one of a million photographs, and, only if asked for, the first on EMR Serverless
        and on one machine.
    scheduled
        A month of the runs that a schedule starts; None without one.
    worth
        From how many photographs the cluster is the better choice.
    doubts
        Why the prediction may be off, beside what the model says anyway.
    """

    label: str
    title: str
    price: Price
    run: Run | None
    million: Run | None
    serverless: ServerlessRun | None
    machine: MachineRun | None
    scheduled: ScheduledMonth | None
    worth: BreakEven | None
    doubts: tuple[str, ...]

    @property
    def everything(self) -> Amount:
        """All amounts in one."""
        others = [other.cost for other in (self.serverless, self.machine) if other]
        runs = [self.run.all_in] if self.run else []
        return total([self.price.everything, *runs, *others])

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "label": self.label,
            "title": self.title,
            "footprint": asdict(self.price.footprint),
            "nodes": [
                {"fleet": item.fleet, "market": item.market, "type": item.type_name, "count": item.count}
                | {"hour": _amount(item.hour), "ec2": _amount(item.ec2)}
                | {"fee": _amount(item.fee), "disks": _amount(item.disks)}
                for item in self.price.nodes
            ],
            "always": [
                {"what": line.what, "quantity": line.quantity, "month": _amount(line.month)} for line in self.price.rest
            ],
            "price": {name: _amount(getattr(self.price, name)) for name in _AMOUNTS},
            "run": self.run
            and {
                "images": self.run.images,
                "nodes": self.run.nodes,
                "vcpus": self.run.vcpus,
                "seconds": dict(zip(_BOUNDS, self.run.seconds, strict=True)),
                "stages": {stage.name: dict(zip(_BOUNDS, stage.seconds, strict=True)) for stage in self.run.stages},
                "cost": {name: _amount(cost) for name, cost in zip(_BOUNDS, self.run.cost, strict=True)},
                "fits": self.run.fits,
                "requests": asdict(self.run.requests),
                "requests_cost": _amount(self.run.requests_cost),
                "upload_cost": _amount(self.run.upload_cost),
                "packing_saves": _amount(self.run.packing_saves),
            },
            "million_all_in": self.million and _amount(self.million.all_in),
            "serverless": self.serverless
            and {
                "workers": self.serverless.workers,
                "seconds": self.serverless.seconds,
                "cost": _amount(self.serverless.cost),
            },
            "machine": self.machine
            and {
                "type": self.machine.type_name,
                "vcpus": self.machine.vcpus,
                "seconds": self.machine.seconds,
                "cost": _amount(self.machine.cost),
            },
            "scheduled": self.scheduled
            and {
                "runs_a_month": self.scheduled.runs,
                "idle": _amount(self.scheduled.idle),
                "worst": _amount(self.scheduled.worst),
            },
            "break_even": self.worth and asdict(self.worth),
            "doubts": list(self.doubts),
        }


_BOUNDS = ("least", "usual", "most")
_AMOUNTS = (
    "hour",
    "hour_on_demand",
    "cheapest_hour",
    "dearest_hour",
    "worst_hour",
    "start",
    "month_at_rest",
    "until_idle_stop",
    "until_max_lifetime",
)


def make_offer(
    settings: DeploymentSettings,
    *,
    label: str,
    images: int | None,
    storage_gib: float,
    serverless: bool,
    machine: bool = False,
    book: PriceBook,
    throughput: Throughput,
) -> Offer:
    """Price settings.

    Parameters
    ----------
    settings
        What would be deployed.
    label
        See `Offer`.
    images
        Photographs of a run; as many as were measured unless given.
    storage_gib
        What is kept in S3.
    serverless
        Whether to price the run on EMR Serverless, too.
    machine
        Whether to price it on one machine without EMR, too.
    book, throughput
        Prices and speed.
    """
    priced = price(footprint_of_settings(settings, storage_gib=storage_gib), book)
    count = throughput.images if images is None else images
    doubts = list(_doubts(settings, throughput))
    run, million, batch, alone, scheduled = None, None, None, None, None
    try:
        run, million = (
            predict(number, priced, throughput, batch_size=settings.batch_size, csv=settings.csv)
            for number in (count, MILLION)
        )
        scheduled = scheduled_month(priced, throughput)
        if serverless:
            batch = predict_serverless(count, compute_vcpus(priced), priced.footprint, book, throughput)
            batch = replace(batch, cost=batch.cost + run.requests_cost)
        if machine:
            alone = predict_machine(count, priced, throughput)
            alone = replace(alone, cost=alone.cost + run.requests_cost)
    except CannotPredict as error:
        doubts.append(str(error))
    return Offer(
        label=label,
        title=f"{settings.name} in {settings.region}, {settings.architecture}, {settings.mode}",
        price=priced,
        run=run,
        million=million,
        serverless=batch,
        machine=alone,
        scheduled=scheduled,
        worth=break_even_if_any(priced, book, throughput),
        doubts=tuple(doubts),
    )


def _doubts(settings: DeploymentSettings, throughput: Throughput) -> list[str]:
    doubts = []
    if settings.engine != throughput.engine:
        doubts.append(f"the speed was measured with engine={throughput.engine}, {settings.engine} is slower")
    if settings.architecture == "arm64":
        doubts.append("the speed was measured on x86_64, never on Graviton")
    return doubts


def _amount(amount: Amount | None) -> dict[str, Any] | None:
    if amount is None:
        return None
    return {
        "usd": round(amount.usd, 6),
        "missing": sorted(amount.missing),
        "estimates": sorted(amount.estimates),
        "oldest": amount.oldest.isoformat() if amount.oldest else None,
    }
