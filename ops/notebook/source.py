"""The notebook's source: one file of code with its prose in two languages, in Jupytext's percent format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from job.notebook.words import LANGUAGES, Language, typeset_french
from ops.errors import FruitsError
from ops.project import ROOT

SOURCE: Final = ROOT / "notebooks" / "fruits.py"

MOST_LINES: Final = 15
"""Of a cell of code: more is a wall."""

_MARKER = re.compile(r'# %%(?P<prose> \[markdown\])?(?: lang="(?P<language>\w+)")?(?: tags=\["(?P<tag>\w+)"\])?')
_LANGUAGE_OF_CODE = 'language = "en"'


class SourceError(FruitsError):
    """The source is no notebook in two languages; the message names the cell."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    kind
        Prose or code.
    text
        Without the comment signs of the source, and without empty lines at its ends.
    language
        Of prose; None of code, which is the same in both.
    tag
        Such as ``"parameters"``; None where there is none.
    line
        In the source, for messages.
    """

    kind: Literal["markdown", "code"]
    text: str
    language: str | None
    tag: str | None
    line: int


def cells(source: str) -> list[Cell]:
    """Read the cells of a source, and check that it is a notebook in two languages.

    Raises
    ------
    SourceError
        If a cell of code is too long or has no prose before it, or if prose is not in French and then in English.
    """
    found = list(_read(source))
    for number, cell in enumerate(found):
        _check(cell, found[number - 1] if number else None)
    if found[-1].language == LANGUAGES[0]:
        raise SourceError("the last prose of the notebook's source comes in French, and not in English")
    if sum(_LANGUAGE_OF_CODE in cell.text.splitlines() for cell in found if cell.tag == "parameters") != 1:
        raise SourceError(f"the cell tagged parameters has to say {_LANGUAGE_OF_CODE}, once")
    return found


def in_language(found: list[Cell], language: Language) -> list[Cell]:
    """Return the cells that readers of one language see: their prose, typeset, and all of the code."""
    return [_typeset(cell, language) for cell in found if cell.language in {None, language}]


def _typeset(cell: Cell, language: Language) -> Cell:
    if cell.kind == "code":
        text = cell.text.replace(_LANGUAGE_OF_CODE, f'language = "{language}"') if cell.tag else cell.text
    else:
        text = typeset_french(cell.text) if language == "fr" else cell.text
    return Cell(cell.kind, text, cell.language, cell.tag, cell.line)


def _read(source: str) -> Iterator[Cell]:
    lines = source.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        marker = _MARKER.fullmatch(lines[start])
        if not marker:
            raise SourceError(f"line {start + 1} of the notebook's source is no cell: {lines[start]!r}")
        kind: Literal["markdown", "code"] = "markdown" if marker["prose"] else "code"
        body = [_prose(line) if marker["prose"] else _code(line) for line in lines[start + 1 : end]]
        yield Cell(kind, "\n".join(body).strip("\n"), marker["language"], marker["tag"], start + 1)


def _prose(line: str) -> str:
    return line.removeprefix("#").removeprefix(" ")


def _code(line: str) -> str:
    """Uncomment magics, which Python could not read."""
    return line.removeprefix("# ") if line.startswith("# %matplot") else line


def _check(cell: Cell, before: Cell | None) -> None:
    french, english = LANGUAGES
    after = before.language if before else None
    place = f"the cell in line {cell.line} of the notebook's source"
    if not cell.text:
        raise SourceError(f"{place} is empty")
    if (cell.language == english) != (after == french):
        raise SourceError(f"{place}: prose comes in French and then in English")
    if cell.kind == "code" and after != english:
        raise SourceError(f"{place} has no prose before it")
    lines = len(cell.text.splitlines())
    if cell.kind == "code" and lines > MOST_LINES:
        raise SourceError(f"{place} has {lines} lines; at most {MOST_LINES}, cut it into two")
