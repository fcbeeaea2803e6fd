"""Dated prices from a file in the repository; one that is not there stays unknown."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ops.errors import FruitsError

PRICES: Final = Path(__file__).with_name("prices.json")
ANYWHERE: Final = "*"
"""Region of a price that does not depend on it, in the partition ``aws``: the Sovereign Cloud has its own prices."""


class PricesUnreadable(FruitsError):
    """The price file is not one; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, kw_only=True, order=True)
class Record:
    """One price.

    Parameters
    ----------
    kind, name
        What is sold: ``ec2-on-demand``, ``m6g.xlarge``.
    region
        Where, or `ANYWHERE`.
    unit
        What ``usd`` is for one of: ``hour``, ``month``, ``GB-month``, ...
    usd
        United States dollars before tax.
    source
        Key of the source it is from.
    date
        Day of the price, ISO 8601.
    """

    kind: str
    name: str
    region: str
    unit: str
    usd: float
    source: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A price as a share of another one, for want of the price itself; always an estimate.

    Parameters
    ----------
    kind
        Kind of the records it stands in for.
    share
        Share of the price of the same name and region.
    of
        Kind of that price.
    source, date
        Source and day, as of a `Record`.
    """

    kind: str
    share: float
    of: str
    source: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where prices are from.

    Parameters
    ----------
    title
        What to look up.
    note
        What to know about them.
    estimate
        Whether its prices stand in for others that are not known.
    """

    title: str
    note: str = ""
    estimate: bool = False


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A price found, and whether it is an estimate."""

    usd: float
    estimate: bool
    date: date
    source: str


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """All known prices.

    Parameters
    ----------
    records
        Each of another kind, name and region.
    rules
        Stand-ins for records that are missing.
    sources
        Sources by the keys that records name.
    euro_usd
        Dollars for a euro.
    euro_date, euro_source
        Day and source of that rate.
    """

    records: tuple[Record, ...]
    rules: tuple[Rule, ...]
    sources: Mapping[str, Source]
    euro_usd: float
    euro_date: date
    euro_source: str

    @classmethod
    def load(cls, path: Path = PRICES) -> "PriceBook":
        """Read a price file.

        Raises
        ------
        PricesUnreadable
            If it is missing or is not a price file.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            book = cls(
                records=tuple(Record(**item) for item in content["prices"]),
                rules=tuple(Rule(**item) for item in content["rules"]),
                sources={key: Source(**item) for key, item in content["sources"].items()},
                euro_usd=float(content["euro"]["usd"]),
                euro_date=date.fromisoformat(content["euro"]["date"]),
                euro_source=content["euro"]["source"],
            )
            book._check()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PricesUnreadable(
                f"{path}: not a price file ({type(error).__name__}: {error}); restore it: git checkout {path}"
            ) from None
        return book

    def save(self, path: Path = PRICES) -> None:
        """Write a price file: one record a line, sorted, so that a change of prices reads well in a diff."""
        parts = {
            "euro": _line({"usd": self.euro_usd, "date": self.euro_date.isoformat(), "source": self.euro_source}),
            "sources": _lines(
                "{}", (f"{_line(key)}: {_line(_lean(self.sources[key]))}" for key in sorted(self.sources))
            ),
            "rules": _lines("[]", (_line(asdict(rule)) for rule in self.rules)),
            "prices": _lines("[]", (_line(asdict(record)) for record in sorted(self.records))),
        }
        text = ",\n".join(f"{_line(key)}: {part}" for key, part in parts.items())
        new = path.with_suffix(".new")
        new.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
        new.replace(path)

    def find(self, kind: str, name: str, region: str) -> Quote | None:
        """Look up a price; None if it is not known."""
        record = self._index.get((kind, name, region))
        if not record and not region.startswith("eusc-"):
            record = self._index.get((kind, name, ANYWHERE))
        if record:
            return Quote(
                usd=record.usd,
                estimate=self.sources[record.source].estimate,
                date=date.fromisoformat(record.date),
                source=record.source,
            )
        for rule in self.rules:
            base = self.find(rule.of, name, region) if rule.kind == kind else None
            if base:
                as_of = min(base.date, date.fromisoformat(rule.date))
                return Quote(usd=base.usd * rule.share, estimate=True, date=as_of, source=rule.source)
        return None

    def with_records(self, records: Iterable[Record], sources: Mapping[str, Source]) -> "PriceBook":
        """Return a book in which these records replace those of the same kind, name and region."""
        merged = self._index | {(item.kind, item.name, item.region): item for item in records}
        used = {item.source for item in merged.values()} | {rule.source for rule in self.rules} | {self.euro_source}
        known = {**self.sources, **sources}
        return replace(
            self, records=tuple(sorted(merged.values())), sources={key: known[key] for key in known if key in used}
        )

    @cached_property
    def _index(self) -> dict[tuple[str, str, str], Record]:
        return {(item.kind, item.name, item.region): item for item in self.records}

    def _check(self) -> None:
        if len(self._index) < len(self.records):
            raise ValueError("two prices for the same kind, name and region")
        dated = [(item.date, item.source) for item in self.records] + [(item.date, item.source) for item in self.rules]
        for day, source in dated:
            date.fromisoformat(day)
            if source not in self.sources:
                raise ValueError(f"unknown source {source}")
        if any(item.usd < 0 for item in self.records) or self.euro_usd <= 0:
            raise ValueError("a negative price")


def _lean(source: Source) -> dict[str, Any]:
    return {key: value for key, value in asdict(source).items() if value}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(brackets: str, lines: Iterable[str]) -> str:
    return "\n".join([brackets[0], ",\n".join(lines), brackets[1]])
