"""What of a fact is shown: the figure in the words of a language, and where it comes from."""

import difflib
from collections.abc import Callable, Mapping
from typing import Final

from job.notebook.words import Language
from ops.deck.numbers import unbroken_duration, written
from ops.errors import FruitsError
from ops.facts.fact import Fact, Facts

_SOURCE: Final[dict[Language, str]] = {"fr": "Source\N{NO-BREAK SPACE}: ", "en": "Source: "}


class UnknownFact(FruitsError):
    """A text asks for a figure that nothing gives."""


class Figures:
    """Writes facts in a language.

    Parameters
    ----------
    facts
        All of them, by name.
    language
        Whose marks and words.
    use
        Told the name and the fact of each figure that is used.
    """

    def __init__(self, facts: Facts, language: Language, *, use: Callable[[str, Fact], None]) -> None:
        self._facts, self.language, self._use = facts, language, use

    def of(self, name: str) -> Fact:
        """Return a fact that is used.

        Raises
        ------
        UnknownFact
            If there is none by that name; the message names those that look like it.
        """
        found = self._facts.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self._facts, n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ";"
            raise UnknownFact(f"no fact {name!r} in docs/facts.json{hint} `fruits facts` writes that file")
        self._use(name, found)
        return found

    def fact(self, name: str, digits: int | None = None) -> str:
        """Write a figure with its unit, and with ``≥`` or ``≈`` as `fruits price` does."""
        found = self.of(name)
        sign, text = _sign(found), written(found.value, found.unit, self.language, digits=digits)
        return f"{sign}\N{NO-BREAK SPACE}{text}" if sign else text

    def duration(self, name: str) -> str:
        """Write a figure in seconds as a duration."""
        return unbroken_duration(float(self.of(name).value))

    def ratio(self, larger: str, smaller: str, digits: int = 1) -> str:
        """Write how many times one figure is another."""
        above, below = (float(self.of(name).value) for name in (larger, smaller))
        return written(above / below, "", self.language, digits=digits)


def source_line(facts: Mapping[str, Fact], language: Language) -> str:
    """Name the commands behind figures, each once with its newest date; nothing without figures."""
    dates: dict[str, str] = {}
    for fact in facts.values():
        dates[fact.command] = max(fact.date, dates.get(fact.command, ""))
    shown = " · ".join(f"{command} ({date})" for command, date in dates.items())
    return f"{_SOURCE[language]}{shown}" if shown else ""


def _sign(fact: Fact) -> str:
    if fact.remark.startswith("at least"):
        return "≥"
    return "≈" if "estimated" in fact.remark else ""
