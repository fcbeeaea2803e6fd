"""Make the presentation in both languages: `python -m ops.deck.build` is what `make deck` calls.

HTML with a presenter's view, PDF with notes, PowerPoint as pictures and PowerPoint to edit, all in build/deck. A slide
that overflows, or a PDF that lacks a figure, fails it.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from job.notebook.words import LANGUAGES, Language
from ops.console import complain, out
from ops.deck.outcome import missing_figures, overflowing, split_slides
from ops.deck.pages import for_marp, for_pandoc, theme
from ops.deck.parts import png_of
from ops.deck.programs import HOME, PACKAGES, browser, marp, pandoc, slides_of_powerpoint, text_of_pdf
from ops.deck.source import SOURCE, Slide, render
from ops.errors import ExitCode, FruitsError
from ops.facts.fact import Facts, read_facts
from ops.project import ROOT
from ops.quantities import duration

OUTPUT: Final = ROOT / "build" / "deck"


def build(language: Language, source: str, facts: Facts, style: Path, chromium: Mapping[str, str]) -> list[str]:
    """Make the presentation of a language, and give what is wrong with it."""
    slides = render(source, facts, language, "browser")
    markdown = OUTPUT / f"fruits.{language}.md"
    markdown.write_text(for_marp(slides, language), encoding="utf-8")
    plain = OUTPUT / f"fruits.{language}.bare.html"
    pdf = markdown.with_suffix(".pdf")
    marp(markdown, plain, style, chromium, "--template", "bare")
    marp(markdown, markdown.with_suffix(".html"), style, chromium)
    marp(markdown, pdf, style, chromium, "--pdf-notes", "--pdf-outlines", "--pdf-outlines.pages=false")
    marp(markdown, markdown.with_suffix(".pptx"), style, chromium)
    _editable(language, source, facts)
    powerpoints = (markdown.with_suffix(".pptx"), markdown.with_suffix(".editable.pptx"))
    return [
        *overflowing(slides, browser("overflow", str(plain))),
        *missing_figures(slides, text_of_pdf(pdf)),
        *split_slides(slides, {file.name: slides_of_powerpoint(file) for file in powerpoints}),
    ]


def _editable(language: Language, source: str, facts: Facts) -> None:
    slides = render(source, facts, language, "office")
    _draw_pixels(slides)
    markdown = OUTPUT / f"fruits.{language}.office.md"
    markdown.write_text(for_pandoc(slides, language), encoding="utf-8")
    pandoc(markdown, OUTPUT / f"fruits.{language}.editable.pptx")


def _draw_pixels(slides: Sequence[Slide]) -> None:
    """Draw the diagrams that an office program is to show, of which it knows no SVG."""
    drawn = [
        file for file in sorted(ROOT.glob("docs/diagrams/*.svg")) if any(str(png_of(file)) in s.text for s in slides)
    ]
    if drawn:
        browser("pixels", *(str(path) for file in drawn for path in (file, png_of(file))))


def main() -> int:
    """Make both languages, and say what is wrong."""
    began = perf_counter()
    try:
        faults = _build_all(SOURCE.read_text(encoding="utf-8"), read_facts())
        out.print(f"{OUTPUT.relative_to(ROOT)}: both languages, in {duration(perf_counter() - began)}")
    except FruitsError as error:
        faults = [str(error)]
    for fault in faults:
        complain(fault)
    return ExitCode.FAILED if faults else ExitCode.OK


def _build_all(source: str, facts: Facts) -> list[str]:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    style = OUTPUT / "theme.css"
    style.write_text(theme((HOME / "theme.css").read_text(encoding="utf-8"), PACKAGES), encoding="utf-8")
    chromium = browser("unpack")
    return [
        f"{language}: {fault}" for language in LANGUAGES for fault in build(language, source, facts, style, chromium)
    ]


if __name__ == "__main__":
    sys.exit(main())
