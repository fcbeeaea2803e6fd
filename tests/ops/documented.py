"""What docs/commands.md says of the JSON of commands."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
_ROW = re.compile(r"\| (?:`fruits (?P<command>[\w -]+)` )?\| (?P<keys>`.*?`) \| (?P<what>.*) \|")
_ELSEWHERE = {
    ("price", "offers"),
    ("probe", "node"),
    ("results", "run"),
    ("runs diff", "first"),
    ("runs diff", "second"),
    ("status", "last_run"),
    ("status", "stacks"),
}
"""Of these the page has no keys: names of stacks, and what tests of their own hold."""


def assert_documented(command: str, content: Mapping[str, Any]) -> None:
    """See that the page names all keys of what a command prints, and no others."""
    rows = rows_of(command)
    assert content.keys() == {key for keys in rows for key in keys}
    for keys, what in rows.items():
        for key in keys:
            if (command, key) not in _ELSEWHERE and (found := _keys(content[key])):
                assert found == set(re.findall(r"`(\w+)`", what)), f"{key} of fruits {command}"


def rows_of(command: str) -> dict[tuple[str, ...], str]:
    """Read what the page says of the keys of a command's JSON."""
    rows: dict[tuple[str, ...], str] = {}
    of = ""
    for line in _PAGE.partition("## JSON")[2].splitlines():
        if row := _ROW.fullmatch(line):
            of = row["command"] or of
            if of == command:
                rows[tuple(re.findall(r"`(\w+)`", row["keys"]))] = row["what"]
    return rows


def _keys(value: Any) -> set[str]:
    """Collect the keys of objects, at whatever depth."""
    if isinstance(value, list):
        return {key for item in value for key in _keys(item)}
    return {*value, *(key for item in value.values() for key in _keys(item))} if isinstance(value, Mapping) else set()
