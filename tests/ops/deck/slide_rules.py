"""What must be true of the slides before anybody draws them."""

import re
from collections.abc import Sequence
from typing import Final

from job.notebook.words import typeset_french
from ops.deck.source import Slide

MINUTES: Final = (18.0, 20.0)
"""Least and most minutes that the notes may fill."""

WORDS_WITH_DIGITS: Final = frozenset(
    {"MobileNetV2", "100\N{MULTIPLICATION SIGN}100", "Fruits-360", "S3", "EC2", "IMDSv2", "SHA-256", "x86_64"}
)
"""Words that are no figures: names of products and formats, and the size of a photograph."""

_EXPRESSION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LITERAL: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_WORD: Final = re.compile(r"[^\s`(),;:!?|*«»<>/]*\d[^\s`();:!?|*«»<>/]*")
_ENGLISH: Final = re.compile(r"\b(?:the|and|with|from|which|that|are|is|not|for)\b", re.IGNORECASE)
_CODE: Final = re.compile(r"`[^`]*`|<[^>]*>|```.*?```", re.DOTALL)


def free_digits(source: str) -> list[str]:
    """List the words with digits that a template states by itself, and no fact gives.

    Names of facts, files and slides, numbers handed to a function, tags of HTML, commands, links and the numbers of a
    list are no text.
    """
    text = _EXPRESSION.sub(lambda found: _texts(found[1]), source)
    text = re.sub(r"\{[%#].*?[%#]\}|<[^>]*>|```.*?```|`[^`]*`|\[[^\]]*\]\([^)]*\)", " ", text, flags=re.DOTALL)
    text = re.sub(r"^\d+\. ", "", text, flags=re.MULTILINE)
    words = (word.strip(".,") for word in _WORD.findall(text))
    return [word for word in words if word not in WORDS_WITH_DIGITS]


def differing_slides(one: Sequence[Slide], other: Sequence[Slide]) -> list[str]:
    """Name the slides that show other figures, or look otherwise, in the other language."""
    return [
        left.name
        for left, right in zip(one, other, strict=True)
        if (left.name, left.look, left.seconds, left.facts) != (right.name, right.look, right.seconds, right.facts)
    ]


def faults_of_french(text: str) -> list[str]:
    """Find what no French printer would set: plain spaces and apostrophes, decimal points, words of English."""
    plain = _CODE.sub(" ", text)
    found = [*_ENGLISH.findall(plain), *re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", plain)]
    return found if typeset_french(text) == text else [*found, "spaces or apostrophes"]


def spoken_minutes(slides: Sequence[Slide]) -> float:
    """Add up how long the slides are spoken about."""
    return sum(slide.seconds for slide in slides) / 60


def _texts(expression: str) -> str:
    """Keep the texts of an expression: literals that are more than a name or a path."""
    literals = (first or second for first, second in _LITERAL.findall(expression))
    return " ".join(literal for literal in literals if not re.fullmatch(r"[\w./-]+", literal))
