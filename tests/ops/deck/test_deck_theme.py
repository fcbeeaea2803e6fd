"""Text of the slides can be read: each colour of the theme stands out from what is behind it."""

import re
from typing import Final

import pytest

from ops.project import ROOT

THEME: Final = ROOT / "docs" / "deck" / "theme.css"
BEHIND: Final = ("#fffaf4", "#ffffff")
"""The paper, and the cards on it: behind each text whose rule has no background of its own."""

DARK: Final = ("section.lead", "section.dark")
"""Slides whose paper is the ink."""

SMALL_TEXT, LARGE_TEXT = 4.5, 3.0
"""Least contrast, and from which size on less will do: 24 px, or 18.66 px if bold (WCAG 2.2, 1.4.3)."""


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG 2.2."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return how much two colours stand out from each other, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def hard_to_read(theme: str) -> list[str]:
    """List the rules whose text does not stand out enough."""
    theme = re.sub(r"/\*.*?\*/", "", theme, flags=re.DOTALL)
    variables = dict(re.findall(r"(--\w+): (#\w+);", theme))
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", theme):
        rule = dict(re.findall(r"([\w-]+):\s*([^;]+);", body))
        ink = _colour(rule.get("color", ""), variables)
        if not ink:
            continue
        own = _colour(rule.get("background", ""), variables)
        papers = (variables["--ink"],) if selector.strip().startswith(DARK) else BEHIND
        worst = min(contrast(ink, paper) for paper in ((own,) if own else papers))
        if worst < (LARGE_TEXT if _is_large(rule) else SMALL_TEXT):
            found.append(f"{selector.strip()}: {ink} has {worst:.1f}")
    return found


def _colour(value: str, variables: dict[str, str]) -> str:
    """Return a colour as #rrggbb; empty for none, or one that comes from elsewhere."""
    value = re.sub(r"var\((--\w+)\)", lambda name: variables[name[1]], value).strip()
    if re.fullmatch(r"#[0-9a-f]{3}", value):
        value = "#" + "".join(2 * digit for digit in value[1:])
    return value if re.fullmatch(r"#[0-9a-f]{6}", value) else ""


def _is_large(rule: dict[str, str]) -> bool:
    font = f"{rule.get('font', '')} {rule.get('font-size', '')} "
    size = max((float(number) for number in re.findall(r"(\d+)px", font)), default=0)
    bold = re.search(r"\b[78]00\b", f"{rule.get('font', '')} {rule.get('font-weight', '')}")
    return size >= (18.66 if bold else 24)


def test_all_text_stands_out_from_what_is_behind_it() -> None:
    assert hard_to_read(THEME.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("--quiet: #6f6178", "--quiet: #a89bb0"),
        ("--ink: #2a1a33", "--ink: #b0a0b8"),
        ("color: #14522f", "color: #8fc7a4"),
    ],
)
def test_a_colour_that_fades_is_found(was: str, becomes: str) -> None:
    theme = THEME.read_text(encoding="utf-8")
    assert was in theme
    assert hard_to_read(theme.replace(was, becomes))


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the grey that just fails
