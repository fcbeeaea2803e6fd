"""The rules of the slides: what the presentation obeys, and that each rule fires."""

from dataclasses import replace

import pytest

from job.notebook.words import LANGUAGES, Language
from ops.deck.source import SOURCE, Slide, render
from ops.facts.fact import Fact, read_facts
from tests.ops.deck.slide_rules import MINUTES, differing_slides, faults_of_french, free_digits, spoken_minutes

SLIDE = Slide(name="one", look="", seconds=60, text="Une pomme", notes="Rien", facts={})
FACT = Fact(value=1, unit="s", command="make bench", date="2026-11-22")


@pytest.fixture(scope="module")
def deck() -> dict[Language, list[Slide]]:
    source, facts = SOURCE.read_text(encoding="utf-8"), read_facts()
    return {language: render(source, facts, language, "browser") for language in LANGUAGES}


def test_no_figure_of_the_presentation_was_typed() -> None:
    assert free_digits(SOURCE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It costs 3 euros, and 17.39 later", ["3", "17.39"]),
        ("{{ figure(fact('run'), 'for 10 photographs') }}", ["10"]),
        ("| EMR | 0,17 € |", ["0,17"]),
        ("EMR 7.13", ["7.13"]),
    ],
)
def test_a_typed_figure_is_found(text: str, found: list[str]) -> None:
    assert free_digits(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "{{ slide('q1', seconds=60) }}{{ fact('s3.run', 2) }}{{ picture('docs/a1.svg', 'a picture') }}",
        '<div style="--share:0.5">MobileNetV2, S3</div>',
        "`fruits price --images 10`\n```\nmake bench 5\n```",
        "1. First\n2. [decision 102](decisions/0102-page.md)",
        "{% if language == 'x2' %}{# 3 #}{% endif %}",
    ],
)
def test_names_commands_and_tags_are_no_figures(text: str) -> None:
    assert free_digits(text) == []


def test_both_languages_show_the_same_slides_with_the_same_facts(deck: dict[Language, list[Slide]]) -> None:
    assert len(deck["fr"]) > 18
    assert differing_slides(deck["fr"], deck["en"]) == []


def test_a_slide_that_shows_another_fact_in_the_other_language_is_found() -> None:
    assert differing_slides([SLIDE], [replace(SLIDE, facts={"run": FACT})]) == ["one"]


def test_the_french_of_the_presentation_is_set_as_french(deck: dict[Language, list[Slide]]) -> None:
    texts = (text for slide in deck["fr"] for text in (slide.text, slide.notes))
    assert [fault for text in texts for fault in faults_of_french(text)] == []


@pytest.mark.parametrize("text", ["Quoi ?", "l'arrêt", "il coûte 0.17", "un job and un cluster"])
def test_what_no_french_printer_would_set_is_found(text: str) -> None:
    assert faults_of_french(text)


def test_the_presentation_takes_its_twenty_minutes(deck: dict[Language, list[Slide]]) -> None:
    least, most = MINUTES
    assert least <= spoken_minutes(deck["fr"]) <= most
