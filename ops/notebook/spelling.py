"""Look for misspelt words in the notebook, in both languages: `python -m ops.notebook.spelling [SOURCE]`.

Dictionaries are those of pyspellchecker, which has them in its wheel; words of our own are in `notebooks/words.txt`.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from spellchecker import SpellChecker

from job.notebook.words import LANGUAGES, Language
from ops.errors import ExitCode
from ops.notebook.source import SOURCE, Cell, cells

OURS: Final = SOURCE.with_name("words.txt")
"""Words that are right and in no dictionary, one a line."""

_NO_PROSE: Final = re.compile(r"`[^`]*`|\]\([^)]*\)|\{[^}]*\}")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_NAMED: Final = re.compile(r"[A-Z]\w*[A-Z0-9]\w*")
"""Names and abbreviations, such as GDPR: with a second capital letter or a digit."""


def misspelt(found: Sequence[Cell], language: Language, *, ours: set[str]) -> list[str]:
    """Return the words of a language that are in no dictionary: of its prose, and of the sentences that cells print.

    Parameters
    ----------
    found
        Cells of the notebook's source.
    language
        Which.
    ours
        Words that are accepted, in small letters.
    """
    words = {word.lower() for text in _texts(found, language) for word in _words(text)}
    return sorted(SpellChecker(language=language).unknown(words - ours))


def _words(text: str) -> list[str]:
    return _WORD.findall(_NAMED.sub(" ", _NO_PROSE.sub(" ", text)))


def _texts(found: Sequence[Cell], language: Language) -> Iterator[str]:
    for cell in found:
        if cell.language == language:
            yield cell.text
        elif cell.kind == "code":
            yield from _printed(cell.text, language)


def _printed(code: str, language: Language) -> Iterator[str]:
    """Find what `job.notebook.words.Words` is given in a language."""
    without_magics = "\n".join(line for line in code.splitlines() if not line.startswith("%"))
    for node in ast.walk(ast.parse(without_magics)):
        if isinstance(node, ast.keyword) and node.arg == language and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def main() -> int:
    """Name the words that are in no dictionary."""
    ours = set(OURS.read_text(encoding="utf-8").split())
    source = Path(sys.argv[1]) if sys.argv[1:] else SOURCE
    found = cells(source.read_text(encoding="utf-8"))
    faults = {language: misspelt(found, language, ours=ours) for language in LANGUAGES}
    for language, words in faults.items():
        if words:
            print(
                f"{source.name}, {language}: in no dictionary: {', '.join(words)}; mend them, or add them to"
                f" notebooks/{OURS.name}",
                file=sys.stderr,
            )
    return ExitCode.FAILED if any(faults.values()) else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
