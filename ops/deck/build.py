"""Make the presentation in both languages: `python -m ops.deck.build` is what `make deck` calls.

HTML with a presenter's view, PDF with notes, PowerPoint as pictures and PowerPoint to edit, all in build/deck; the PDFs
also in docs/deck, where they are kept. A slide that overflows, or a PDF that lacks a figure, fails it.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from job.notebook.words import LANGUAGES, Language
from ops.console import complain, out
from ops.deck.facts import Facts
from ops.deck.outcome import missing_figures, overflowing
from ops.deck.pages import for_marp, for_pandoc, theme
from ops.deck.parts import png_of
from ops.deck.programs import HOME, PACKAGES, browser, marp, pandoc, text_of_pdf
from ops.deck.source import SOURCE, Slide, render
from ops.errors import ExitCode, FruitsError
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
    shutil.copy(pdf, HOME / pdf.name)
    return [*overflowing(slides, browser("overflow", str(plain))), *missing_figures(slides, text_of_pdf(pdf))]


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
    """Make both languages, and say how long that took and what is wrong."""
    began = perf_counter()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    try:
        style = OUTPUT / "theme.css"
        style.write_text(theme((HOME / "theme.css").read_text(encoding="utf-8"), PACKAGES), encoding="utf-8")
        chromium, facts = browser("unpack"), Facts.load()
        source = SOURCE.read_text(encoding="utf-8")
        faults = [
            f"{language}: {fault}"
            for language in LANGUAGES
            for fault in build(language, source, facts, style, chromium)
        ]
    except FruitsError as error:
        complain(str(error))
        return ExitCode.FAILED
    for fault in faults:
        complain(fault)
    out.print(f"{OUTPUT.relative_to(ROOT)}: both languages, in {duration(perf_counter() - began)}")
    return ExitCode.FAILED if faults else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
