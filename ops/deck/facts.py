"""The figures that slides show: read from docs/facts.json, and never typed."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.errors import FruitsError
from ops.project import ROOT

FACTS: Final = ROOT / "docs" / "facts.json"


class UnknownFact(FruitsError):
    """A slide asks for a figure that nothing gives."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A figure, and where it comes from.

    Parameters
    ----------
    name
        What slides call it, such as ``price.run``.
    value
        As the command gave it.
    unit
        What it counts, ``""`` for things.
    command
        What gives it again.
    date
        Of what was measured, or of the code that computes it: year, month and day.
    sign
        ``≥`` if something in it has no known price, ``≈`` if something is estimated, as `fruits price` marks them.
    """

    name: str
    value: int | float | str
    unit: str
    command: str
    date: str
    sign: str = ""


class Facts:
    """All figures by their names.

    Parameters
    ----------
    content
        What docs/facts.json holds: for each name an object with value, unit, command and date.
    """

    def __init__(self, content: Mapping[str, Mapping[str, Any]]) -> None:
        self._content = content

    @classmethod
    def load(cls, path: Path = FACTS) -> "Facts":
        """Read a file of facts."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def fact(self, name: str) -> Fact:
        """Give a figure.

        Raises
        ------
        UnknownFact
            If there is none by that name; the message names those that look like it.
        """
        entry = self._content.get(name)
        if entry is None:
            near = difflib.get_close_matches(name, self._content, n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UnknownFact(f"no fact {name!r} in docs/facts.json{hint} `fruits facts` writes that file")
        return Fact(
            name=name,
            value=entry["value"],
            unit=entry.get("unit") or "",
            command=entry["command"],
            date=entry["date"],
            sign=_sign(entry.get("remark") or ""),
        )


def _sign(remark: str) -> str:
    if remark.startswith("at least"):
        return "≥"
    return "≈" if "estimated" in remark else ""
