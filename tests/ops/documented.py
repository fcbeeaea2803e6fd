"""What docs/commands.md says of the JSON of commands."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
_ROW = re.compile(r"\| (?:`fruits (?P<command>\w+)` )?\| (?P<keys>`.*?`) \| (?P<what>.*) \|")
_ELSEWHERE = {
    ("price", "offers"),
    ("runs", "completed"),
    ("runs", "others"),
    ("status", "last_run"),
    ("status", "stacks"),
}
"""Of these the page has no keys: names of stacks, and what tests of their own hold."""


def assert_documented(command: str, content: Mapping[str, Any]) -> None:
    """See that the page names all keys of what a command prints, and no others."""
    rows = _rows(command)
    assert content.keys() == {key for keys in rows for key in keys}
    for keys, what in rows.items():
        for key in keys:
            value = content[key]
            items = value if isinstance(value, list) else [value]
            found = {name for item in items if isinstance(item, Mapping) for name in item}
            if (command, key) not in _ELSEWHERE and found:
                assert found <= _named(what), f"{key} of fruits {command}"


def _rows(command: str) -> dict[tuple[str, ...], str]:
    rows: dict[tuple[str, ...], str] = {}
    of = ""
    for line in _PAGE.partition("## JSON")[2].splitlines():
        if row := _ROW.fullmatch(line):
            of = row["command"] or of
            if of == command:
                rows[tuple(re.findall(r"`(\w+)`", row["keys"]))] = row["what"]
    return rows


def _named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))
