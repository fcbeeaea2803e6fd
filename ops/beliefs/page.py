"""Make docs/unverified-on-aws.md from the table: `python -m ops.beliefs.page`, or ``--check`` it."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from ops.beliefs.belief import Belief, Settled
from ops.beliefs.settled import SETTLED
from ops.beliefs.table import BY_NUMBER, unseen
from ops.beliefs.verdicts import Outcome, Verdicts, read_verdicts
from ops.errors import FruitsError
from ops.project import ROOT

PAGE: Final = ROOT / "docs" / "unverified-on-aws.md"

_HEAD: Final = """# What only a real account can show

Everything below follows from documents, schemas or the rehearsal, not from a deployment to AWS.
[`fruits verify`](verify.md) looks at the rows of each phase; those *by hand* are left to people. Each row has the
command that shows it; `ID` stands for the cluster in the output `ClusterId` of `FruitsCompute-demo`. Numbers stay when
rows move.

This page is made by `make fix` from the table in `ops/beliefs/`; what an account has shown is in its `verdicts.json`,
which `fruits verify --apply` writes.
"""
_OPEN: Final = "| # | Believed | Not known | Command that shows it | Phase |\n|---|---|---|---|---|\n"
_SHOWN: Final = "| # | Believed | Seen | What AWS said |\n|---|---|---|---|\n"
_SETTLED: Final = "| # | Now known | Source |\n|---|---|---|\n"
_LONGEST_ANSWER: Final = 300


def page(verdicts: Verdicts) -> str:
    """Write the page.

    Parameters
    ----------
    verdicts
        What an account has shown.
    """
    parts = [_HEAD]
    for outcome in (Outcome.REFUTED, Outcome.CONFIRMED):
        rows = list(_shown(verdicts, outcome))
        parts += [f"## {outcome.value.capitalize()} on AWS\n\n{_SHOWN}{''.join(rows)}"] if rows else []
    for danger, beliefs in unseen(verdicts).items():
        if beliefs:
            parts.append(f"## {danger.value}\n\n{_OPEN}{''.join(map(_open, beliefs))}")
    parts.append(f"## Settled by documents\n\n{_SETTLED}{''.join(_settled(SETTLED))}")
    return "\n".join(parts)


def _open(row: Belief) -> str:
    return f"| {row.number} | {row.belief} | {row.unknown} | {row.shown_by} | {row.phase.value} |\n"


def _shown(verdicts: Verdicts, outcome: Outcome) -> Iterator[str]:
    for number, verdict in sorted(verdicts.items()):
        if verdict.outcome is outcome and number in BY_NUMBER:
            seen = f"{verdict.seen}, {verdict.region}, {verdict.release}"
            yield f"| {number} | {BY_NUMBER[number].belief} | {seen} | {_answer(verdict.answer)} |\n"


def _answer(answer: object) -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    short = text if len(text) <= _LONGEST_ANSWER else f"{text[:_LONGEST_ANSWER]} …"
    return "`" + " ".join(short.replace("|", "/").replace("`", "'").split()) + "`"


def _settled(rows: Iterable[Settled]) -> Iterator[str]:
    return (f"| {row.number} | {row.known} | {row.source} |\n" for row in rows)


def main() -> int:
    """Write the page, or with ``--check`` say whether it is another one."""
    try:
        made = page(read_verdicts())
    except FruitsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == made:
        return 0
    print(f"docs/{PAGE.name}: not what ops/beliefs gives; run: make fix", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
