"""Figures as each language writes them."""

from datetime import date
from typing import Final

from job.notebook.words import Language
from ops.quantities import duration

_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_WIDE: Final = "\N{NO-BREAK SPACE}"
_FRENCH: Final = str.maketrans({",": _NARROW, ".": ","})

_BEFORE: Final[dict[str, str]] = {"USD": "$", "EUR": "€"}
"""Signs that English puts before a figure; French has them behind it."""

_NOTHING: Final[dict[Language, str]] = {"fr": "", "en": ""}
_BEHIND: Final[dict[str, dict[Language, str]]] = {
    "%": {"fr": f"{_NARROW}%", "en": "%"},
    "s": {"fr": f"{_NARROW}s", "en": f"{_WIDE}s"},
    "min": {"fr": f"{_NARROW}min", "en": f"{_WIDE}min"},
    "MB": {"fr": f"{_WIDE}Mo", "en": f"{_WIDE}MB"},
    "bytes": {"fr": f"{_WIDE}octets", "en": f"{_WIDE}bytes"},
    "images/s": {"fr": f"{_WIDE}images/s", "en": f"{_WIDE}images/s"},
}
_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def written(value: float | str, unit: str, language: Language, *, digits: int | None = None) -> str:
    """Write a figure with its unit.

    Parameters
    ----------
    value
        The figure; a date by its year, month and day; other text is given back as it is.
    unit
        Money, seconds, bytes, shares and rates are written; what counts things is a word of the text around it.
    language
        Whose marks and spaces to use.
    digits
        Behind the decimal mark: two for money and none for whole numbers unless given, else one.

    Examples
    --------
    >>> written(1280, "", "en"), written(0.176, "EUR", "en"), written(0.9, "share", "en")
    ('1,280', '€0.18', '90%')
    >>> written(1280.5, "EUR", "fr").replace(_NARROW, "_").replace(_WIDE, "~")
    '1_280,50~€'
    """
    if isinstance(value, str):
        return _day(value, language) if unit == "date" else value
    value, unit = _convenient(value, unit)
    figure = f"{value:,.{_digits(value, unit) if digits is None else digits}f}"
    figure = figure.translate(_FRENCH) if language == "fr" else figure
    if unit not in _BEFORE:
        return figure + _BEHIND.get(unit, _NOTHING)[language]
    return f"{figure}{_WIDE}{_BEFORE[unit]}" if language == "fr" else _BEFORE[unit] + figure


def _day(iso: str, language: Language) -> str:
    day = date.fromisoformat(iso)
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return _WIDE.join((number, _MONTHS[language][day.month - 1], str(day.year)))


def _convenient(value: float, unit: str) -> tuple[float, str]:
    if unit == "share":
        return 100 * value, "%"
    if unit == "bytes" and value >= 1e6:
        return value / 1e6, "MB"
    return value, "USD" if unit == "USD/month" else unit


def unbroken_duration(seconds: float) -> str:
    """Write a duration in its two largest units, which both languages write alike, and never broken into two lines."""
    return duration(seconds).replace(" ", _WIDE)


def _digits(value: float, unit: str) -> int:
    if unit in _BEFORE:
        return 2
    return 0 if isinstance(value, int) or value == int(value) else 1
