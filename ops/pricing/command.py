"""``fruits price``: what a deployment costs before it exists."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.aws.given import read_given, show_place
from ops.console import AsJson, Context, err, out, status
from ops.pricing.offer import Offer, make_offer
from ops.pricing.prediction import load_throughput
from ops.pricing.price_book import PRICES, PriceBook
from ops.pricing.screen import show


def price(
    *,
    context: Context = None,
    images: Annotated[int | None, typer.Option(min=0, help="Predict a run on so many new photographs.")] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(help='Other settings beside these: "architecture=arm64 region=eu-west-1"; may be given again.'),
    ] = None,
    serverless: Annotated[bool, typer.Option("--serverless", help="Price the run on EMR Serverless, too.")] = False,
    machine: Annotated[bool, typer.Option("--machine", help="Price the run on one machine without EMR, too.")] = False,
    storage_gib: Annotated[float, typer.Option(min=0, help="What is kept in S3, in GiB.")] = 0.0,
    as_json: AsJson = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="First ask AWS for all prices: some minutes.")] = False,
    prices: Annotated[Path, typer.Option(help="The price file.")] = PRICES,
) -> None:
    """Price a deployment: an hour, a run, a month of rest, and the worst until something stops it."""
    throughput = load_throughput()
    sides = {other: read_given([*(context or ()), *other.split()]).settings for other in ("", *(compare or ()))}
    show_place(read_given(context))

    def offers(book: PriceBook) -> list[Offer]:
        return [
            make_offer(
                settings,
                label=other or "as given",
                images=images,
                storage_gib=storage_gib,
                serverless=serverless,
                machine=machine,
                book=book,
                throughput=throughput,
            )
            for other, settings in sides.items()
        ]

    book = PriceBook.load(prices)
    priced = offers(book)
    if refresh:
        book = _refresh(book, prices, priced)
        priced = offers(book)
    today = datetime.now(tz=UTC).date()
    if as_json:
        euro = {"usd": book.euro_usd, "date": book.euro_date.isoformat()}
        content = {"today": today.isoformat(), "euro": euro, "offers": [item.as_json() for item in priced]}
        typer.echo(json.dumps(content, indent=2))
    else:
        show(priced, book, out, today=today)


def _refresh(book: PriceBook, path: Path, offers: Sequence[Offer]) -> PriceBook:
    # boto3 takes longer to load than a price takes to compute.
    from ops.aws.account import account  # noqa: PLC0415
    from ops.pricing.refresh import refresh, regions_to_ask, types_to_ask  # noqa: PLC0415

    wanted: dict[str, set[str]] = {region: set() for region in regions_to_ask()}
    for offer in offers:
        names = {item.name for fleet in offer.price.footprint.fleets for item in fleet.candidates}
        wanted.get(offer.price.footprint.region, set()).update(names)
    types = {region: types_to_ask(region, names) for region, names in wanted.items()}
    with status("Prices") as show_status:
        refreshed = refresh(book, types, account=account, progress=lambda what: show_status(f"Asking for {what}"))
    refreshed.book.save(path)
    err.print(f"{refreshed.found} prices in {path}; look at them: git diff {path}", soft_wrap=True)
    if refreshed.silent:
        err.print(f"AWS names no single price for: {'; '.join(refreshed.silent)}", soft_wrap=True)
    return refreshed.book
