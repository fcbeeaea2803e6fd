"""Make the index of the decisions, a table in their README, from their pages: `python -m ops.build.decisions`."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import FruitsError
from ops.project import ROOT

FOLDER: Final = ROOT / "docs" / "decisions"
INDEX: Final = "README.md"

_PAGE: Final = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"Date: (?P<date>\d{4}-\d\d-\d\d)\. Status: (?P<status>(?:accepted|(?:amended|superseded) by \d+))\.\n\n"
)

_HEAD: Final = "| | decision | date | status |\n|---|---|---|---|\n"


class DecisionError(FruitsError):
    """A page does not begin as a decision does."""


@dataclass(frozen=True)
class Decision:
    """What the index says of a decision."""

    file: str
    number: int
    title: str
    date: str
    status: str


def read_decision(file: str, text: str) -> Decision:
    """Read the head of a page.

    Raises
    ------
    DecisionError
        If title, date or status are missing, or the number is not that of the file's name.
    """
    head = _PAGE.match(text)
    if head is None:
        raise DecisionError(
            f"{file} does not begin with '# <number>. <title>', an empty line, and"
            " 'Date: <year>-<month>-<day>. Status: accepted.' (or 'amended by <number>', 'superseded by <number>')"
        )
    if not file.startswith(f"{head['number']:0>4}-"):
        raise DecisionError(f"{file} says that it is decision {head['number']}; name the file after its number")
    return Decision(file, int(head["number"]), head["title"], head["date"], head["status"])


def read_decisions(folder: Path = FOLDER) -> list[Decision]:
    """Read all pages of a folder, by number."""
    pages = sorted(page for page in folder.glob("*.md") if page.name != INDEX)
    return [read_decision(page.name, page.read_text(encoding="utf-8")) for page in pages]


def table(decisions: list[Decision]) -> str:
    """Write the index, a row for each decision."""
    rows = (f"| {item.number} | [{item.title}]({item.file}) | {item.date} | {item.status} |\n" for item in decisions)
    return _HEAD + "".join(rows)


def main() -> int:
    """Write the index."""
    try:
        rows = table(read_decisions())
    except DecisionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    introduction = (FOLDER / INDEX).read_text(encoding="utf-8").partition(_HEAD)[0]
    (FOLDER / INDEX).write_text(introduction + rows, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
