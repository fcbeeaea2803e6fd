"""The words of the notebook's outputs, in French and in English, from cells that are the same in both."""

import re
import string
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")

_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_WIDE: Final = "\N{NO-BREAK SPACE}"
_APOSTROPHE: Final = "\N{RIGHT SINGLE QUOTATION MARK}"
_CODE: Final = re.compile(r"(`[^`]*`|\]\([^)]*\))")
_FRENCH_NUMBER: Final = str.maketrans({",": _NARROW, ".": ",", "%": f"{_NARROW}%"})


def typeset_french(text: str) -> str:
    """Put the spaces and apostrophes of French typography where plain ones were typed; code and links stay as they are.

    Source: *Lexique des règles typographiques en usage à l'Imprimerie nationale*.

    Examples
    --------
    >>> typeset_french("Fruits : « quoi ? »").replace(_NARROW, "_").replace(_WIDE, "~")
    'Fruits~: «~quoi_?~»'
    """
    return "".join(part if _CODE.fullmatch(part) else _typeset(part) for part in _CODE.split(text))


def _typeset(text: str) -> str:
    text = re.sub(r"(?<=\w)'(?=\w|$)", _APOSTROPHE, text)
    text = re.sub(r"(?<=\S)\s(?=[;!?%€])", _NARROW, text)
    return re.sub(r"(?<=\S)\s(?=[:»])|(?<=«)\s", _WIDE, text)


class _French(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        text = super().format_field(value, format_spec)
        return text.translate(_FRENCH_NUMBER) if isinstance(value, int | float) else text


class Words:
    """Says things in one of the two languages.

    Parameters
    ----------
    language
        ``"fr"`` or ``"en"``.

    Raises
    ------
    ValueError
        For another language.

    Examples
    --------
    >>> Words("en").text(fr="{n:,} photographies", en="{n:,} photographs", n=1280)
    '1,280 photographs'
    """

    def __init__(self, language: Language) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"language is {language!r}; accepted: {', '.join(LANGUAGES)}")
        self._french = language == "fr"
        self._formatter = _French() if self._french else string.Formatter()

    def text(self, *, fr: str, en: str, **values: Any) -> str:
        """Return a sentence, its numbers written as the language does."""
        return self._formatter.vformat(typeset_french(fr) if self._french else en, (), values)

    def __call__(self, *, fr: str, en: str, **values: Any) -> None:
        """Print a sentence; see `text`."""
        print(self.text(fr=fr, en=en, **values))

    def table(self, rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns: numbers to the right, all else to the left."""
        shown = [[self._cell(value) for value in row] for row in rows]
        widths = [max(len(text) for text, _ in column) for column in zip(*shown, strict=True)]
        for row in shown:
            cells = (_padded(cell, width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())

    def _cell(self, value: object) -> tuple[str, bool]:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        pattern = "{0:,.2f}" if isinstance(value, float) else "{0:,}" if number else "{0}"
        return self._formatter.format(pattern, value), number


def _padded(cell: tuple[str, bool], width: int) -> str:
    text, number = cell
    return text.rjust(width) if number else text.ljust(width)
