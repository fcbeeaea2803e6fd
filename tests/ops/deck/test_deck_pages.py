"""The pages: what programs get of the slides, and what is wrong with what they drew."""

import re
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ops.deck.facts import source_line
from ops.deck.outcome import missing_figures, overflowing, split_slides
from ops.deck.pages import FONTS, for_marp, for_pandoc, theme
from ops.deck.programs import ProgramFailed, run, slides_of_powerpoint
from ops.deck.source import Slide
from ops.facts.fact import Fact

RUN = Fact(value=0.17, unit="EUR", command="fruits price --json", date="2026-11-27")
HOUR = Fact(value=1, unit="EUR", command="fruits price --json", date="2026-11-20")
BENCH = Fact(value=56, unit="s", command="make bench", date="2026-11-22")
SLIDE = Slide(
    name="one",
    look="dark",
    seconds=60,
    text=(
        '<p class="kicker">Cost</p>\n\n# A run: €0.17\n\n'
        '<div class="cards">\n<div>\n\n## Why\n\nBecause.\n\n</div>\n</div>'
    ),
    notes="Say it.",
    facts={"run": RUN, "hour": HOUR, "bench": BENCH},
)
BARE = Slide(name="two", look="", seconds=0, text="# No figure", notes="Nothing.", facts={})


def test_a_source_line_names_each_command_once_with_its_newest_date() -> None:
    line = "Source: fruits price --json (2026-11-27) · make bench (2026-11-22)"
    assert source_line(SLIDE.facts, "en") == line
    assert source_line(SLIDE.facts, "fr") == line.replace(":", "\N{NO-BREAK SPACE}:", 1)


def test_each_slide_with_a_fact_has_its_source_line_and_no_other_has_one() -> None:
    first, second = for_marp([SLIDE, BARE], "en").split("\n\n---\n\n")
    assert '<div class="source">Source: fruits price' in first
    assert "source" not in second


def test_marp_gets_the_look_and_the_notes_with_their_time() -> None:
    page = for_marp([SLIDE], "en")
    assert "<!-- _class: dark -->" in page
    assert "<!--\n(60 s)\n\nSay it.\n-->" in page


def test_pandoc_gets_headings_text_and_notes_without_a_tag() -> None:
    page = for_pandoc([SLIDE], "en")
    assert "## A run: €0.17" in page
    assert "**Why**" in page
    assert re.search(r"::: notes\n\n\(60 s\)\n\nSay it\.\n\nSource: ", page)
    assert "<" not in page


def test_the_theme_brings_its_fonts_along_and_loads_nothing(tmp_path: Path) -> None:
    for family, weights in FONTS.items():
        files = tmp_path / "@fontsource" / family / "files"
        files.mkdir(parents=True)
        for weight in weights:
            (files / f"{family}-latin-{weight}-normal.woff2").write_bytes(b"font")
    style = theme("/* @theme fruits */\nh1 { color: red; }", tmp_path)
    assert style.startswith("/* @theme fruits */")
    assert style.count("@font-face") == sum(map(len, FONTS.values()))
    assert re.findall(r"url\((?!.data:)", style) == []


def test_a_slide_that_overflows_is_named_with_what_is_cut() -> None:
    fits = {"height": 0, "width": 0, "parts": []}
    assert overflowing([SLIDE, BARE], [fits, fits]) == []
    assert "'two' overflows by 7 x 0" in overflowing([SLIDE, BARE], [fits, fits | {"height": 7}])[0]
    assert "p: too long" in overflowing([SLIDE, BARE], [fits | {"parts": ["p: too long"]}, fits])[0]


def test_a_slide_too_many_or_too_few_is_found() -> None:
    assert overflowing([SLIDE], [])
    assert missing_figures([SLIDE], ["A run", "again"])


def test_a_powerpoint_with_slides_split_or_lost_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pptx", "w") as archive:
        for name in ("ppt/slides/slide1.xml", "ppt/slides/slide2.xml", "ppt/slides/_rels/slide1.xml.rels"):
            archive.writestr(name, "")
    count = slides_of_powerpoint(tmp_path / "a.pptx")
    assert split_slides([SLIDE, BARE], {"a.pptx": count}) == []
    assert split_slides([SLIDE], {"a.pptx": count}) == ["a.pptx has 2 slides of 1"]


def test_pandoc_gets_tables_and_pictures_last() -> None:
    text = "# A run\n\n| a | b |\n|---|---|\n\nBecause.\n\n![x](y.png)\n\nTherefore."
    page = for_pandoc([replace(SLIDE, text=text)], "en")
    assert "Because.\n\nTherefore.\n\n| a | b |\n|---|---|\n\n![x](y.png)\n\n::: notes" in page


def test_a_figure_that_a_page_of_the_pdf_lacks_is_named() -> None:
    assert missing_figures([SLIDE], ["A run: €0.17"]) == []
    assert "'one' shows '0.17'" in missing_figures([SLIDE], ["A run: €0.18"])[0]


@pytest.mark.parametrize("page", ["10 500 images", "10500 images", "10\N{NO-BREAK SPACE}500 images"])
def test_the_space_between_thousands_may_be_another_in_a_pdf(page: str) -> None:
    slide = Slide(name="n", look="", seconds=0, text="10\N{NARROW NO-BREAK SPACE}500 images", notes="x", facts={})
    assert missing_figures([slide], [page]) == []


def test_a_program_that_fails_is_named_with_what_it_said() -> None:
    with pytest.raises(ProgramFailed, match=r"ended with 1:\nno paper"):
        run([sys.executable, "-c", "import sys; sys.exit('no paper')"])
