"""Facts of `fruits price`: what the settings of cdk.json cost."""

from typing import Final

from infra.settings import DeploymentSettings
from infra.templates import Deployment
from ops.facts.fact import Fact
from ops.pricing import requests
from ops.pricing.amount import Amount
from ops.pricing.from_templates import footprint_of_templates
from ops.pricing.offer import Offer, make_offer
from ops.pricing.prediction import load_throughput
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook

MILLION: Final = 1_000_000

_COMMAND: Final = "fruits price --json"
_OTHERS: Final = " --serverless --machine"


def price_facts(settings: DeploymentSettings, deployment: Deployment, book: PriceBook) -> dict[str, Fact]:
    """Return what an hour, a run, a million photographs, and rest cost, and the worst until something stops it."""
    offer = _offer(settings, book, images=None)
    amounts = {
        "hour": offer.price.hour,
        "hour_on_demand": offer.price.hour_on_demand,
        "worst_hour": offer.price.worst_hour,
        "month_at_rest": offer.price.month_at_rest,
        "until_idle_stop": offer.price.until_idle_stop,
        "until_max_lifetime": offer.price.until_max_lifetime,
    }
    facts = {name: _usd(found, _COMMAND) for name, found in amounts.items() if found is not None}
    facts |= _run("run", offer, _COMMAND) | _run(
        "million", _offer(settings, book, images=MILLION), f"{_COMMAND} --images {MILLION}"
    )
    facts |= {
        f"{name}_eur": Fact(
            value=round(float(fact.value) / book.euro_usd, 6),
            unit="EUR",
            command=fact.command,
            remark="; ".join(filter(None, (fact.remark, f"1 EUR = {book.euro_usd} USD, {book.euro_date}"))),
        )
        for name, fact in facts.items()
        if fact.unit == "USD"
    }
    facts["euro"] = Fact(value=book.euro_usd, unit="USD/EUR", command=_COMMAND, remark=f"of {book.euro_date}")
    facts |= _break_even(offer)
    throughput = load_throughput()
    facts["rate"] = Fact(value=round(throughput.images_a_second, 3), unit="images/s/vCPU", command=_COMMAND)
    facts["tail"] = Fact(value=round(throughput.tail_seconds(throughput.images), 3), unit="s", command=_COMMAND)
    facts["oldest"] = Fact(value=str(offer.price.everything.oldest), unit="date", command=_COMMAND)
    for template in deployment.templates:
        resting = price(footprint_of_templates({template.path: template.body}, settings.region), book).month_at_rest
        facts[f"rest.{template.path}"] = _usd(resting, _COMMAND)
    return {f"price.{name}": fact for name, fact in (facts | _requests()).items()}


def _requests() -> dict[str, Fact]:
    """Return the numbers of the formula by which requests are counted."""
    numbers = {
        "gallery": requests.GALLERY,
        "gets_a_batch": requests.GETS_A_BATCH,
        "gets": requests.GETS,
        "puts_a_batch": requests.PUTS_A_BATCH,
        "puts": requests.PUTS,
        "listings": requests.LISTINGS,
    }
    return {f"requests.{name}": Fact(value=count, unit="requests", command=_COMMAND) for name, count in numbers.items()}


def _offer(settings: DeploymentSettings, book: PriceBook, *, images: int | None) -> Offer:
    return make_offer(
        settings,
        label="",
        images=images,
        storage_gib=0.0,
        serverless=True,
        machine=True,
        book=book,
        throughput=load_throughput(),
    )


def _run(name: str, offer: Offer, command: str) -> dict[str, Fact]:
    if offer.run is None:
        return {}
    least, usual, most = offer.run.cost
    facts = {
        name: _usd(usual, command),
        f"{name}.least": _usd(least, command),
        f"{name}.most": _usd(most, command),
        f"{name}.images": Fact(value=offer.run.images, unit="images", command=command),
        f"{name}.seconds": Fact(value=round(offer.run.seconds[1], 3), unit="s", command=command),
        f"{name}.vcpus": Fact(value=offer.run.vcpus, unit="vCPU", command=command),
        f"{name}.nodes": Fact(value=offer.run.nodes, unit="nodes", command=command),
    }
    if offer.serverless:
        facts[f"{name}.serverless"] = _usd(offer.serverless.cost, f"{command}{_OTHERS}")
    if offer.machine:
        facts[f"{name}.machine"] = _usd(offer.machine.cost, f"{command}{_OTHERS}")
        facts[f"{name}.machine.vcpus"] = Fact(value=offer.machine.vcpus, unit="vCPU", command=f"{command}{_OTHERS}")
        facts[f"{name}.machine.seconds"] = Fact(
            value=round(offer.machine.seconds, 3), unit="s", command=f"{command}{_OTHERS}"
        )
    return facts


def _break_even(offer: Offer) -> dict[str, Fact]:
    """Return the numbers of photographs from which the cluster is the better choice; no fact for at no number."""
    if offer.worth is None:
        return {}
    numbers = {"serverless": offer.worth.serverless, "machine": offer.worth.machine, "sooner": offer.worth.sooner}
    return {
        f"break_even.{name}": Fact(value=images, unit="images", command=_COMMAND)
        for name, images in numbers.items()
        if images is not None
    }


def _usd(found: Amount, command: str) -> Fact:
    remarks = [f"at least: not priced: {', '.join(sorted(found.missing))}"] if found.missing else []
    remarks += [f"estimated: {', '.join(sorted(found.estimates))}"] if found.estimates else []
    return Fact(value=round(found.usd, 6), unit="USD", command=command, remark="; ".join(remarks))
