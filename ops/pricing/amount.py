"""Sums of money that know what they leave out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from ops.pricing.price_book import PriceBook, Quote


@dataclass(frozen=True)
class Amount:
    """United States dollars before tax, with what is missing from them.

    Parameters
    ----------
    usd
        What is known.
    missing
        What bills as well at a price that is not known.
    estimates
        Sources of estimates in it.
    oldest
        Date of the oldest price in it.
    """

    usd: float = 0.0
    missing: frozenset[str] = frozenset()
    estimates: frozenset[str] = frozenset()
    oldest: date | None = None

    def __add__(self, other: "Amount") -> "Amount":
        dates = [day for day in (self.oldest, other.oldest) if day]
        return Amount(
            self.usd + other.usd,
            self.missing | other.missing,
            self.estimates | other.estimates,
            min(dates, default=None),
        )

    def __mul__(self, factor: float) -> "Amount":
        return self if factor == 1 else Amount(self.usd * factor, self.missing, self.estimates, self.oldest)

    @property
    def qualifier(self) -> str:
        """``at least`` if something is missing, ``about`` if something is estimated, else nothing."""
        return "at least" if self.missing else "about" if self.estimates else ""

    @property
    def sign(self) -> str:
        """The qualifier for a cell of a table: ``≥`` or ``≈`` with a space behind it, or nothing."""
        return {"at least": "≥ ", "about": "≈ ", "": ""}[self.qualifier]

    @property
    def words(self) -> str:
        """The amount in a sentence: ``at least 1,234.56 USD``."""
        return f"{self.qualifier} {self.usd:,.2f} USD".strip()

    @property
    def unknown(self) -> bool:
        """Whether no price of it is known."""
        return bool(self.missing) and not self.usd

    @property
    def free(self) -> bool:
        """Whether it is known to be nothing."""
        return not self.missing and not self.usd


FREE: Final = Amount()


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum of amounts."""
    return sum(amounts, Amount())


def amount(book: PriceBook, kind: str, name: str, region: str, *, what: str) -> Amount:
    """Look up a price as an amount; one that is not known is missing, never zero.

    Parameters
    ----------
    book, kind, name, region
        See `PriceBook.find`.
    what
        How a person calls it: ``Spot price of m6g.xlarge``.
    """
    quote = book.find(kind, name, region)
    return of_quote(quote) if quote else Amount(missing=frozenset({f"{what} in {region}"}))


def of_quote(quote: Quote) -> Amount:
    """Return a price that was found as an amount."""
    return Amount(quote.usd, frozenset(), frozenset({quote.source}) if quote.estimate else frozenset(), quote.date)
