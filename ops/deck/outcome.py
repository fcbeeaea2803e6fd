"""What must be true of the slides once they are drawn."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ops.deck.source import Slide


def overflowing(slides: Sequence[Slide], measured: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the slides whose content is larger than they are, as the browser measured them.

    Parameters
    ----------
    slides
        All of them.
    measured
        For each: ``height`` and ``width``, the pixels of content beyond the slide, and ``parts``, what is cut.
    """
    if len(slides) != len(measured):
        return [f"{len(slides)} slides in the source and {len(measured)} in the browser; is there a free line of ---?"]
    return [
        f"the slide {slide.name!r} overflows by {found['height']} x {found['width']} pixels:"
        f" {'; '.join(found['parts']) or 'its text'}; say less"
        for slide, found in zip(slides, measured, strict=True)
        if found["height"] > 0 or found["width"] > 0 or found["parts"]
    ]


def split_slides(slides: Sequence[Slide], counts: Mapping[str, int]) -> list[str]:
    """Name the PowerPoint files that have more or fewer slides than there are: a program split some, or lost them."""
    return [f"{name} has {count} slides of {len(slides)}" for name, count in counts.items() if count != len(slides)]


def missing_figures(slides: Sequence[Slide], pages: Sequence[str]) -> list[str]:
    """Name the figures of a slide's text that the same page of a PDF does not hold.

    Parameters
    ----------
    slides
        All of them.
    pages
        Text of each page.
    """
    if len(slides) != len(pages):
        return [f"{len(slides)} slides in the source and {len(pages)} pages in the PDF"]
    return [
        f"the slide {slide.name!r} shows {figure!r}, and its page of the PDF does not"
        for slide, page in zip(slides, pages, strict=True)
        for figure in sorted(_figures(re.sub(r"<[^>]*>", " ", slide.text)) - _figures(page))
    ]


def _figures(text: str) -> set[str]:
    """Find figures with their decimals; a PDF may write another space, or none, between thousands."""
    joined = re.sub(r"(?<=\d)[\s\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}](?=\d{3}\b)", "", text)
    return set(re.findall(r"\d+(?:[.,]\d+)*", joined))
