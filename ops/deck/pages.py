"""Slides as Markdown for two programs: Marp, which draws them, and pandoc, whose PowerPoint people can edit."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from job.notebook.words import Language
from ops.deck.facts import source_line
from ops.deck.source import Slide

TITLE: Final[dict[Language, str]] = {
    "fr": "Fruits ! Des photographies aux composantes principales",
    "en": "Fruits! From photographs to principal components",
}

FONTS: Final[dict[str, tuple[int, ...]]] = {"inter": (400, 600, 700, 800), "jetbrains-mono": (400,)}
"""Families of @fontsource within the theme, and their weights: a PDF looks alike on each machine."""

_SUBSETS: Final[dict[str, str]] = {"latin": "U+0000-00FF,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122"}
_FAMILIES: Final = {"inter": "Inter", "jetbrains-mono": "JetBrains Mono"}


def for_marp(slides: Sequence[Slide], language: Language) -> str:
    """Write the deck for Marp: notes as comments, and below each slide with a figure the command that gives it."""
    head = f'---\nmarp: true\ntheme: fruits\npaginate: true\nlang: {language}\ntitle: "{TITLE[language]}"\n---\n\n'
    return head + "\n\n---\n\n".join(_marp_slide(slide, language) for slide in slides) + "\n"


def for_pandoc(slides: Sequence[Slide], language: Language) -> str:
    """Write the deck for pandoc: a heading begins a slide, notes are a block, and what has no place there is gone.

    Tables and pictures come last: pandoc begins another slide where text follows one of them.
    """
    head = f"---\nlang: {language}\n---\n\n"
    return head + "\n\n".join(_pandoc_slide(slide, language) for slide in slides) + "\n"


def theme(style: str, packages: Path) -> str:
    """Put the fonts into the theme, so that slides load nothing.

    Parameters
    ----------
    style
        The theme without fonts.
    packages
        Folder of npm with @fontsource.
    """
    faces = "".join(
        _face(family, weight, subset, packages)
        for family, weights in FONTS.items()
        for weight in weights
        for subset in _SUBSETS
    )
    head, end, rest = style.partition("*/")
    return f"{head}{end}\n{faces}{rest}"


def _face(family: str, weight: int, subset: str, packages: Path) -> str:
    file = packages / "@fontsource" / family / "files" / f"{family}-{subset}-{weight}-normal.woff2"
    content = base64.b64encode(file.read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{_FAMILIES[family]}"; font-weight: {weight}; unicode-range: {_SUBSETS[subset]};'
        f' src: url("data:font/woff2;base64,{content}") format("woff2"); }}\n'
    )


def _marp_slide(slide: Slide, language: Language) -> str:
    look = f"<!-- _class: {slide.look} -->\n\n" if slide.look else ""
    line = source_line(slide.facts, language)
    below = f'\n\n<div class="source">{line}</div>' if line else ""
    return f"{look}{slide.text}{below}\n\n<!--\n{_timed(slide)}\n-->"


def _pandoc_slide(slide: Slide, language: Language) -> str:
    text = re.sub(r'<p class="kicker">.*?</p>\n*', "", slide.text)
    text = re.sub(r"</?(?:div|p|section)[^>]*>", "", text)
    text = re.sub(r"^## (.+)$", r"**\1**", text, flags=re.MULTILINE)
    text = re.sub(r"^# (.+)$", r"## \1", text, flags=re.MULTILINE)
    blocks = text.strip().split("\n\n")
    text = "\n\n".join(sorted(blocks, key=lambda block: block.lstrip().startswith(("|", "!["))))
    line = source_line(slide.facts, language)
    notes = "\n\n".join(filter(None, (_timed(slide), line)))
    return f"{text.strip()}\n\n::: notes\n\n{notes}\n\n:::"


def _timed(slide: Slide) -> str:
    return f"({slide.seconds} s)\n\n{slide.notes}" if slide.seconds else slide.notes
