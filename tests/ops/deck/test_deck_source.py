"""The source of the slides: each in both languages, with figures that facts give."""

import pytest

from ops.deck.facts import UnknownFact
from ops.deck.pairs import PairsError
from ops.deck.parts import NoPicture
from ops.deck.source import DeckError, Slide, render
from ops.facts.fact import Fact

PRICED = {"command": "fruits price", "date": "2026-11-27"}
TIMED = {"command": "make bench", "date": "2026-11-22"}
FACTS = {
    "run": Fact(value=0.1706, unit="EUR", **PRICED, remark="at least: not priced: disks"),
    "rest": Fact(value=1.3, unit="USD", **PRICED, remark="estimated: alarms"),
    "images": Fact(value=10500, unit="images", **TIMED),
    "day": Fact(value="2025-10-01", unit="date", **PRICED),
    "slow": Fact(value=208.6, unit="s", **TIMED),
    "fast": Fact(value=52.14, unit="s", **TIMED),
}


def _slide(text: str, language: str = "en", medium: str = "browser") -> Slide:
    notes = "\n\n???\n\n{% fr %}x{% en %}x{% end %}"
    (slide,) = render("{{ slide('one', 'dark', seconds=30) }}\n" + text + notes, FACTS, language, medium)  # type: ignore[arg-type]
    return slide


@pytest.mark.parametrize(("language", "shown"), [("fr", "Une pomme"), ("en", "An apple")])
def test_a_pair_gives_the_text_of_the_language(language: str, shown: str) -> None:
    assert _slide("{% fr %}Une pomme{% en %}An apple{% end %}", language).text == shown


@pytest.mark.parametrize("text", ["{% fr %}Une pomme{% end %}", "{% fr %}Une pomme", "{% en %}An apple{% end %}"])
def test_a_text_in_one_language_alone_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(PairsError, match=r"deck\.md\.j2, line \d"):
        _slide(text)


def test_french_is_set_as_printers_set_it_and_english_is_left_alone() -> None:
    pair = "{% fr %}L'arrêt : quoi ?{% en %}It's : what ?{% end %}"
    assert _slide(pair, "fr").text == "L’arrêt\N{NO-BREAK SPACE}: quoi\N{NARROW NO-BREAK SPACE}?"  # noqa: RUF001
    assert _slide(pair, "en").text == "It's : what ?"


def test_a_figure_bears_the_marks_of_its_language_and_the_sign_of_what_is_not_known() -> None:
    text = "{{ fact('run') }} {{ fact('rest') }} {{ fact('images') }}"
    narrow, wide = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
    assert _slide(text, "fr").text == f"≥{wide}0,17{wide}€ ≈{wide}1,30{wide}$ 10{narrow}500"
    assert _slide(text, "en").text == f"≥{wide}€0.17 ≈{wide}$1.30 10,500"


def test_a_date_is_written_as_people_write_it() -> None:
    wide = "\N{NO-BREAK SPACE}"
    assert _slide("{{ fact('day') }}", "fr").text == f"1er{wide}octobre{wide}2025"
    assert _slide("{{ fact('day') }}", "en").text == f"1{wide}October{wide}2025"


def test_a_slide_knows_the_facts_that_it_shows_and_that_its_speaker_says() -> None:
    slide = _slide("{{ fact('run') }} {{ ratio('slow', 'fast') }}")
    assert list(slide.facts) == ["run", "slow", "fast"]
    assert slide.text.endswith("4.0")


def test_a_fact_that_nothing_gives_is_refused_with_those_that_look_like_it() -> None:
    with pytest.raises(UnknownFact, match=r"no fact 'image' .* did you mean images"):
        _slide("{{ fact('image') }}")


def test_a_word_that_a_template_does_not_have_is_refused() -> None:
    with pytest.raises(Exception, match="'figures' is undefined"):
        _slide("{{ figures('run') }}")


def test_a_picture_that_is_not_there_is_refused() -> None:
    with pytest.raises(NoPicture, match="no picture docs/images/none"):
        _slide("{{ picture('docs/images/none.svg', 'nothing') }}")


def test_a_slide_without_notes_is_refused() -> None:
    with pytest.raises(DeckError, match="'bare' has no notes"):
        render("{{ slide('bare') }}\n# A heading\n", FACTS, "en", "browser")


def test_two_slides_of_one_name_are_refused() -> None:
    with pytest.raises(DeckError, match="two slides are called 'one'"):
        render("{{ slide('one') }}a\n???\nb{{ slide('one') }}", FACTS, "en", "browser")


def test_a_fact_before_the_first_slide_is_refused() -> None:
    with pytest.raises(DeckError, match="'run' before its first slide"):
        render("{{ fact('run') }}{{ slide('one') }}", FACTS, "en", "browser")


def test_bars_are_as_long_as_their_figures_and_a_table_for_an_office_program() -> None:
    text = "{{ bars([('theirs', 'slow'), ('*ours', 'fast')]) }}"
    drawn = _slide(text).text
    assert "--share:1.0000" in drawn
    assert '<div class="ours" style="--share:0.2500"><span>ours</span>' in drawn
    assert _slide(text, medium="office").text.endswith("| ours | 52.1\N{NO-BREAK SPACE}s |")
