"""A fact, and the file that keeps all of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from ops.errors import FruitsError
from ops.project import ROOT

FACTS: Final = ROOT / "docs" / "facts.json"

Value = int | float | str


class FactsError(FruitsError):
    """The facts cannot be told, or are not what they are said to be."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One figure.

    Parameters
    ----------
    value
        The figure as a number, never rounded for display; a text where it is none.
    unit
        What it counts: ``USD``, ``s``, ``images/s``, ``rules``.
    command
        What gives it again.
    commit, date
        Of the code: for what is computed, the newest commit of that code as of when the value was written down; for
        what was measured, the commit and the day of the measurement.
    machine
        What it was measured on; empty for what is the same on every machine.
    remark
        What the figure leaves out or assumes.
    """

    value: Value
    unit: str
    command: str
    commit: str = ""
    date: str = ""
    machine: str = ""
    remark: str = ""

    def same_as(self, other: "Fact") -> bool:
        """Return whether both say the same, wherever they were written down."""
        return replace(self, commit="", date="") == replace(other, commit="", date="")


Facts = Mapping[str, Fact]


def read_facts(path: Path = FACTS) -> dict[str, Fact]:
    """Read the file of facts.

    Raises
    ------
    FactsError
        If there is none, or it is not as `write_facts` writes it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: Fact(**entry) for name, entry in content.items()}
    except FileNotFoundError:
        raise FactsError(f"{path} is missing; run: fruits facts") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise FactsError(f"{path} is no file of facts ({error}); run: fruits facts") from None


def write_facts(facts: Facts, path: Path = FACTS) -> None:
    """Write the file of facts, by name; the same facts give the same bytes."""
    content = {name: asdict(facts[name]) for name in sorted(facts)}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
