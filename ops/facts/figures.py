"""The figures of documents: each number in a sentence is a fact's, or one of a few exempt words."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.facts.fact import Fact, Facts, FactsError
from ops.project import ROOT
from ops.quantities import duration

FIGURES: Final = ROOT / "docs" / "figures.toml"
"""By document: sentences with the names of facts in the place of their numbers, and the exempt words."""

_CODE: Final = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_TARGET: Final = re.compile(r"(?<=\])\([^)]*\)")
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)*")
_PLACE: Final = re.compile(r"\{([a-zA-Z_.0-9]+)(?::([^}]*))?\}")

_WORDS: Final[Mapping[str, Callable[[float], str]]] = {
    "duration": duration,
    "percent": lambda value: f"{value * 100:.0f} %",
    "minutes": lambda value: f"{value / 60:g}",
    "spaced": lambda value: f"{value:,.0f}".replace(",", " "),
    "milliseconds": lambda value: f"{value * 1000:g}",
    "MB": lambda value: f"{value / 1e6:.0f}",
}
"""Ways to show a number beside those of `format`."""


@dataclass(frozen=True)
class Document:
    """What a document may state.

    Parameters
    ----------
    name
        Its path from the project's folder.
    sentences
        Texts that it holds, with ``{name}`` or ``{name:form}`` in the place of a fact's value.
    exempt
        Texts whose numbers count nothing: versions, names.
    complete
        Whether it may hold no other number; a page of settings and bounds holds many that were neither measured nor
        priced.
    """

    name: str
    sentences: Sequence[str]
    exempt: Sequence[str]
    complete: bool = True


def read_documents(path: Path = FIGURES) -> list[Document]:
    """Read which documents may state what.

    Raises
    ------
    FactsError
        If the file cannot be read as that.
    """
    try:
        content: Mapping[str, Mapping[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
        return [
            Document(name, item["sentences"], item.get("exempt", ()), item.get("complete", True))
            for name, item in content.items()
        ]
    except (tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise FactsError(f"{path} is not a table of documents with their sentences: {error}") from None


def free_figures(document: Document, text: str, facts: Facts) -> list[str]:
    """Return what a document states that no fact holds, or states otherwise than the facts.

    Parameters
    ----------
    document
        What it may state.
    text
        The document, in Markdown. Numbers in code and in addresses of links are not looked at.
    facts
        The facts, by name.
    """
    plain = _plain(text)
    problems = list(_bypasses(document))
    held = []
    for sentence in document.sentences:
        shown = rendered(sentence, facts)
        places = _places(plain, _flat(shown))
        held += places
        if not places:
            problems.append(f"{document.name} does not say {shown!r}, which is true by {_names(sentence)}; amend it")
    for word in document.exempt:
        places = _places(plain, word)
        held += places
        if not places:
            problems.append(f"{document.name} does not say {word!r}; delete it from the exempt words")
    for number in _NUMBER.finditer(plain) if document.complete else ():
        if not any(start <= number.start() and number.end() <= end for start, end in held):
            around = plain[max(0, number.start() - 40) : number.end() + 30].strip()
            problems.append(
                f"{document.name}: no fact holds {number[0]} in '…{around}…';"
                " bind it by a sentence in docs/figures.toml"
            )
    return problems


def rendered(sentence: str, facts: Facts) -> str:
    """Put the values of facts into a sentence.

    Raises
    ------
    FactsError
        If it names a fact that does not exist.
    """
    return _PLACE.sub(lambda place: _shown(place[1], place[2] or "", facts), sentence)


def _shown(name: str, form: str, facts: Facts) -> str:
    fact: Fact | None = facts.get(name)
    if fact is None:
        raise FactsError(f"docs/figures.toml: no fact is called {name!r}; see docs/facts.json")
    if form in _WORDS:
        return _WORDS[form](float(fact.value))
    return format(fact.value, form)


def _bypasses(document: Document) -> Iterator[str]:
    """Find numbers that a sentence would hold without a fact."""
    for sentence in document.sentences:
        bare = _PLACE.sub("", _plain(sentence))
        for word in document.exempt:
            bare = bare.replace(word, "")
        if number := _NUMBER.search(bare):
            yield f"docs/figures.toml: {sentence!r} says {number[0]} itself; name a fact there"


def _names(sentence: str) -> str:
    return ", ".join(dict.fromkeys(place[1] for place in _PLACE.finditer(sentence)))


def _plain(text: str) -> str:
    return _flat(_CODE.sub(" ", _TARGET.sub(" ", text)))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _places(text: str, part: str) -> list[tuple[int, int]]:
    return [(found.start(), found.end()) for found in re.finditer(re.escape(part), text)]
