"""Standard output that is not UTF-8: what its encoding lacks is written in other letters, and nothing is cut."""

import codecs
import sys
import unicodedata
from typing import Final

_HANDLER: Final = "fruits"
_INSTEAD: Final = {
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "±": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "→": "->",
    "…": "...",
    "·": "-",
    "•": "-",
    "\N{EN DASH}": "-",
    "—": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "“": '"',
    "”": '"',
    "€": "EUR",
    "✓": "+",
    "✗": "x",
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
}
"""For the marks that commands print."""


def write_in_other_letters(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that an encoding lacks, and where to go on; as `codecs` has it.

    Accents go; what has no likeness is a question mark.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_other_letters(character) for character in lacking), error.end


def _other_letters(character: str) -> str:
    if character in _INSTEAD:
        return _INSTEAD[character]
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return plain or "?"


def print_anything() -> None:
    """Have this process's output print any text, whatever its encoding."""
    codecs.register_error(_HANDLER, write_in_other_letters)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):  # a test's own may have none
            reconfigure(errors=_HANDLER)
