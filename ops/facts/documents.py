"""Facts of documents that are tables: what no account has shown yet, the decisions, the planted faults."""

import re
from typing import Final

from ops.build.decisions import read_decisions
from ops.facts.fact import Fact, FactsError
from ops.project import ROOT

UNVERIFIED: Final = ROOT / "docs" / "unverified-on-aws.md"
REHEARSAL: Final = ROOT / "docs" / "rehearsal.md"

_SETTLED: Final = "## Settled by documents"
_ROW: Final = re.compile(r"^\| \d+ \|", re.MULTILINE)
_PLANTED: Final = re.compile(r"^(\d+) of (\d+) planted faults end red; (\d+) more are not tried yet\.$", re.MULTILINE)


def document_facts() -> dict[str, Fact]:
    """Count rows of documents.

    Raises
    ------
    FactsError
        If a document has not the form that is counted.
    """
    return unverified(UNVERIFIED.read_text(encoding="utf-8")) | planted(REHEARSAL.read_text(encoding="utf-8")) | _own()


def unverified(text: str) -> dict[str, Fact]:
    """Count what only a real account can show, by group, and what documents have settled since."""
    opened, _, settled = text.partition(_SETTLED)
    sections = opened.split("\n## ")[1:]
    rows = [len(_ROW.findall(section)) for section in sections]
    if len(rows) != 3 or not all(rows) or not settled:
        raise FactsError(f"{UNVERIFIED.name}: not three groups of rows and '{_SETTLED}'; amend ops/facts/documents.py")
    counts = {
        "rows": sum(rows),
        "first_run": rows[0],
        "later": rows[1],
        "around": rows[2],
        "settled": len(_ROW.findall(settled)),
    }
    command = "read docs/unverified-on-aws.md"
    return {f"unverified.{name}": Fact(value=count, unit="rows", command=command) for name, count in counts.items()}


def planted(text: str) -> dict[str, Fact]:
    """Read how many planted faults were rehearsed, and how many of them were seen."""
    found = _PLANTED.search(text)
    if not found:
        raise FactsError(f"{REHEARSAL.name}: says nowhere how many planted faults end red; run: make planted")
    names = ("planted.red", "planted.tried", "planted.not_tried")
    return {
        name: Fact(value=int(count), unit="faults", command="make planted")
        for name, count in zip(names, found.groups(), strict=True)
    }


def _own() -> dict[str, Fact]:
    return {"decisions": Fact(value=len(read_decisions()), unit="decisions", command="read docs/decisions/README.md")}
