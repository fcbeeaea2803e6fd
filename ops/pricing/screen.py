"""Prices as a person reads them on a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.pricing.amount import Amount, total
from ops.pricing.nodes import HOURS_A_MONTH, Nodes
from ops.pricing.offer import Offer
from ops.pricing.prediction import Run
from ops.pricing.price_book import PRICES, PriceBook
from ops.pricing.requests import PACKED
from ops.pricing.serverless import WORKER_MEMORY_GB, WORKER_VCPUS
from ops.quantities import duration

OLD_AFTER_DAYS: Final = 90
LEFT_OUT: Final = (
    "what AWS bills by use that nobody knows beforehand: logs of the cluster and of access, queries by Athena, e-mails,"
    " requests to KMS, data that leaves the region; S3 storage unless --storage-gib tells how much; support; tax"
)
_UNKNOWN: Final = "not priced"
_UNLIMITED: Final = "nothing stops it"


def money(amount: Amount | None) -> str:
    """Write USD for a cell: ``≥`` before what leaves something out, ``≈`` before an estimate."""
    if amount is None:
        return _UNLIMITED
    if amount.unknown:
        return _UNKNOWN
    return f"{amount.sign}{_figure(amount.usd)}"


def show(offers: Sequence[Offer], book: PriceBook, out: Console, *, today: date) -> None:
    """Print one offer in detail, or several side by side, and what there is to know about the figures."""
    if len(offers) == 1:
        _show_nodes(offers[0], out)
    _show_amounts(offers, book, out)
    _show_notes(offers, book, out, today=today)


def amounts(offer: Offer) -> dict[str, Amount | None]:
    """List the amounts of an offer by their names, in the order in which they are shown."""
    price, footprint = offer.price, offer.price.footprint
    rows: dict[str, Amount | None] = {
        "an hour, as planned": price.hour,
        "an hour without Spot capacity": price.hour_on_demand,
        "an hour at the worst": price.worst_hour,
        "worst until idle stop" + _after(footprint.idle_stop): price.until_idle_stop,
        "worst until maximum lifetime" + _after(footprint.max_lifetime): price.until_max_lifetime,
    }
    if not price.nodes:
        rows = {}
    if offer.run:
        rows[f"a run, {offer.run.images:,} photographs"] = offer.run.cost[1]
        rows["uploading them"] = offer.run.upload_cost
    if offer.million:
        rows["a million photographs, all in"] = offer.million.all_in
    if offer.serverless:
        rows["a run on EMR Serverless"] = offer.serverless.cost
    if offer.machine:
        rows["a run on one machine, no EMR"] = offer.machine.cost
    if month := offer.scheduled:
        rows["a month of schedule, nothing new"] = month.idle
        rows["a month of schedule at the worst"] = month.worst
    return rows | {"a month of rest": price.month_at_rest}


def _show_nodes(offer: Offer, out: Console) -> None:
    table = Table(title=offer.title, title_justify="left", title_style="bold")
    table.add_column("fleet")
    table.add_column("nodes")
    for heading in ("EC2", "EMR fee", "disks", "USD an hour"):
        table.add_column(heading, justify="right")
    for item in offer.price.nodes:
        cells = (item.ec2, item.fee, item.disks, item.hour)
        table.add_row(item.fleet, _nodes(item), *(money(amount) for amount in cells))
    if offer.price.nodes:
        table.add_section()
    for line in offer.price.rest:
        table.add_row("always", f"{line.quantity:g} x {line.what}", "", "", "", money(line.month * (1 / HOURS_A_MONTH)))
    out.print(table)


def _show_amounts(offers: Sequence[Offer], book: PriceBook, out: Console) -> None:
    table = Table()
    table.add_column("" if len(offers) == 1 else "USD")
    rows = [amounts(offer) for offer in offers]
    if len(offers) == 1:
        table.add_column("USD", justify="right")
        table.add_column("EUR", justify="right")
        for name, amount in rows[0].items():
            table.add_row(name, money(amount), _euros(amount, book))
    else:
        for offer in offers:
            table.add_column(offer.label.replace("=", "=\n").replace(" ", "\n"), justify="right", overflow="fold")
        for name in _shared(rows):
            cells = ([money(value) for key, value in row.items() if _general(key) == name] for row in rows)
            table.add_row(name, *(cell[0] if cell else "" for cell in cells))
        table.add_row(
            "the run takes", *(duration(offer.run.seconds[1], rough=True) if offer.run else "" for offer in offers)
        )
    out.print(table)


def _show_notes(offers: Sequence[Offer], book: PriceBook, out: Console, *, today: date) -> None:
    everything = total([offer.everything for offer in offers])
    notes = [*_of_runs(offers), *_assumptions(offers)]
    if everything.missing:
        notes.append(("≥ Not priced", "; ".join(sorted(everything.missing))))
    estimates = (book.sources[key] for key in sorted(everything.estimates))
    notes += [("≈ Estimated", f"{source.note} ({source.title})") for source in estimates]
    notes.append(("Left out", LEFT_OUT))
    if len(offers) == 1:
        age = (today - book.euro_date).days
        source = book.sources[book.euro_source].title
        notes.append(("Euros", f"at {book.euro_usd} USD, {source}, {book.euro_date}, {age} days old"))
    for name, text in notes:
        out.print(Text.assemble((f"{name}: ", "bold"), text), soft_wrap=False)
    for warning in _warnings(everything.oldest, book.euro_date, today):
        out.print(Text.assemble(("Warning: ", "bold yellow"), warning))


def _warnings(oldest: date | None, euro: date, today: date) -> Iterable[str]:
    """Yield warnings of prices and of a rate that may not hold any more."""
    if oldest and (age := (today - oldest).days) > OLD_AFTER_DAYS:
        yield f"prices up to {age} days old (from {oldest}); ask AWS: fruits price --refresh"
    if (age := (today - euro).days) > OLD_AFTER_DAYS:
        yield f"the euro's rate is {age} days old (from {euro}); write today's into {PRICES.name}"


def _of_runs(offers: Sequence[Offer]) -> Iterable[tuple[str, str]]:
    for offer in offers if len(offers) == 1 else ():
        if run := offer.run:
            parts = ", ".join(f"{stage.name} {duration(stage.seconds[1], rough=True)}" for stage in run.stages)
            least, usual, most = (duration(seconds, rough=True) for seconds in run.seconds)
            costs = _span(run.cost[0], run.cost[2])
            yield "The run", f"{run.nodes} nodes, tasks on {run.vcpus} vCPUs; {usual}: {parts}"
            yield "Start-up varies", f"a run takes {least} to {most}" + (f" and costs {costs} USD" if costs else "")
            yield "Requests", _requests(run)
            if not run.fits:
                yield "Too long", "the maximum lifetime ends this run; the next one goes on where it stopped"
        if batch := offer.serverless:
            size = f"{WORKER_VCPUS} vCPUs and {WORKER_MEMORY_GB} GB"
            took = duration(batch.seconds, rough=True)
            text = f"{batch.workers} workers of {size}, {took}; their start-up is not billed"
            yield "EMR Serverless", text
        if offer.worth:
            yield "When EMR", f"{offer.worth.describe()} (docs/when-emr.md)"
        if month := offer.scheduled:
            yield "Schedule", f"{month.runs:.1f} runs a month; at the worst each lasts until its maximum lifetime"
        if alone := offer.machine:
            took = duration(alone.seconds, rough=True)
            yield "One machine", f"{alone.type_name} On-Demand, {took}; its start-up is not counted"
    for offer in offers:
        yield from (("Prediction", f"{offer.label}: {reason}") for reason in offer.doubts)


def _requests(run: Run) -> str:
    """Return what a run asks S3 for, and what it would not have to ask for if photographs were packed."""
    asked = run.requests
    text = f"{asked.gets:,} GET, {asked.puts:,} PUT, {asked.lists:,} LIST for {money(run.requests_cost)} USD"
    if run.packing_saves.usd:
        text += f"; {PACKED:,} photographs to an archive would save {money(run.packing_saves)} USD, uploading included"
    return text


def _assumptions(offers: Sequence[Offer]) -> Iterable[tuple[str, str]]:
    if not any(offer.price.nodes for offer in offers):
        return
    text = "On-Demand the cheapest, as the fleets ask for; Spot, which goes by capacity, the middle one by price"
    if len(offers) == 1 and (span := _span(offers[0].price.cheapest_hour, offers[0].price.dearest_hour)):
        text += f"; with others {span} USD an hour"
    yield "Instance types", text
    yield "Worst", "all On-Demand, the dearest type, as many nodes as managed scaling may add"


def _shared(rows: Sequence[Mapping[str, Amount | None]]) -> list[str]:
    return list(dict.fromkeys(_general(name) for row in rows for name in row))


def _general(name: str) -> str:
    """Return the name of a row without the seconds that differ from offer to offer."""
    return name.partition(" (")[0]


def _after(seconds: int | None) -> str:
    return f" ({duration(seconds)})" if seconds is not None else ""


def _nodes(item: Nodes) -> str:
    return f"{item.count} x {item.type_name} {item.market}"


def _span(least: Amount, most: Amount) -> str:
    """Write a range, or nothing if no price of it is known."""
    unknown = any(amount.unknown for amount in (least, most))
    return "" if unknown else f"{money(least)} to {_figure(most.usd)}"


def _euros(amount: Amount | None, book: PriceBook) -> str:
    if amount is None or amount.unknown:
        return ""
    return f"{amount.sign}{_figure(amount.usd / book.euro_usd)}"


def _figure(value: float) -> str:
    return "0" if not value else f"{value:.4f}" if value < 0.01 else f"{value:.3f}" if value < 0.1 else f"{value:,.2f}"
