"""Facts of documents that are tables: what no account has shown yet, the decisions, the planted faults."""

import re
from typing import Final

from ops.beliefs.belief import Danger
from ops.beliefs.settled import SETTLED
from ops.beliefs.table import unseen
from ops.beliefs.verdicts import Verdicts, read_verdicts
from ops.build.decisions import read_decisions
from ops.facts.fact import Fact, FactsError
from ops.project import ROOT

REHEARSAL: Final = ROOT / "docs" / "rehearsal.md"

_PLANTED: Final = re.compile(
    r"^(\d+) of (\d+) planted faults end red(?:; (\d+) more are not tried yet)?\.$", re.MULTILINE
)


def document_facts() -> dict[str, Fact]:
    """Count rows of documents.

    Raises
    ------
    FactsError
        If a document has not the form that is counted.
    """
    return unverified(read_verdicts()) | planted(REHEARSAL.read_text(encoding="utf-8")) | _own()


def unverified(verdicts: Verdicts) -> dict[str, Fact]:
    """Count what only a real account can show, by danger, and what documents have settled since."""
    rows = {danger: len(beliefs) for danger, beliefs in unseen(verdicts).items()}
    counts = {
        "rows": sum(rows.values()),
        "first_run": rows[Danger.FIRST_RUN],
        "later": rows[Danger.LATER],
        "around": rows[Danger.AROUND],
        "settled": len(SETTLED),
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
        for name, count in zip(names, found.groups(default="0"), strict=True)
    }


def _own() -> dict[str, Fact]:
    return {"decisions": Fact(value=len(read_decisions()), unit="decisions", command="read docs/decisions/README.md")}
