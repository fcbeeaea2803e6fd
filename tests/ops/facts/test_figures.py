from dataclasses import replace

import pytest

from ops.facts.fact import Fact, FactsError, read_facts
from ops.facts.figures import Document, free_figures, read_documents, rendered
from tests.imports import PROJECT

FACTS = {
    "apples": Fact(value=1200, unit="apples", command="count"),
    "wait": Fact(value=288, unit="s", command="wait"),
    "share": Fact(value=0.93, unit="share", command="divide"),
}
APPLES = Document("page.md", ["{apples:,} apples"], [])


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("{apples} apples", "1200 apples"),
        ("{apples:,} apples", "1,200 apples"),
        ("{apples:spaced} pommes", "1 200 pommes"),
        ("{wait:duration}", "4 min 48 s"),
        ("{share:percent}", "93 %"),
        ("{share:.1f}", "0.9"),
    ],
)
def test_a_sentence_shows_a_fact_in_the_form_it_asks_for(sentence: str, shown: str) -> None:
    assert rendered(sentence, FACTS) == shown


def test_a_sentence_with_a_fact_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FactsError, match="no fact is called 'pears'"):
        rendered("{pears} pears", FACTS)


def test_a_document_that_states_what_facts_hold_is_accepted() -> None:
    text = "There are 1,200\napples ([how](so/2/many.md)), by `count --first 3`.\n```\n4 pears\n```\n"

    assert free_figures(APPLES, text, FACTS) == []


def test_a_figure_that_no_fact_holds_is_named() -> None:
    (problem,) = free_figures(APPLES, "1,200 apples and 7 pears", FACTS)

    assert "no fact holds 7" in problem


def test_a_figure_of_a_fact_in_another_sentence_is_free() -> None:
    (problem,) = free_figures(APPLES, "1,200 apples and 1,200 pears", FACTS)

    assert "1,200 in '…1,200 apples and 1,200 pears…'" in problem


def test_a_fact_that_has_changed_is_missed_in_the_document() -> None:
    changed = {**FACTS, "apples": Fact(value=1300, unit="apples", command="count")}

    problems = free_figures(APPLES, "1,200 apples", changed)

    assert "does not say '1,300 apples', which is true by apples" in problems[0]
    assert "no fact holds 1,200" in problems[1]


def test_a_number_in_a_sentence_itself_is_no_way_around_the_facts() -> None:
    document = Document("page.md", ["{apples:,} apples and 7 pears"], [])

    (problem,) = free_figures(document, "1,200 apples and 7 pears", FACTS)

    assert "says 7 itself" in problem


def test_a_document_that_is_not_complete_may_hold_other_numbers_but_not_other_facts() -> None:
    document = replace(APPLES, complete=False)

    assert free_figures(document, "1,200 apples, 60 to 90 s", FACTS) == []
    assert free_figures(document, "1,300 apples", FACTS) != []


def test_an_exempt_word_that_is_not_there_is_named() -> None:
    document = Document("page.md", [], ["Java 17"])

    assert free_figures(document, "Java", FACTS) == ["page.md does not say 'Java 17'; delete it from the exempt words"]


@pytest.mark.parametrize("document", read_documents(), ids=lambda document: document.name)
def test_the_documents_state_what_the_facts_hold(document: Document) -> None:
    text = (PROJECT / document.name).read_text(encoding="utf-8")

    assert free_figures(document, text, read_facts()) == []


@pytest.mark.parametrize("name", ["price.rest.FruitsGuard", "bench.times_copied", "rehearsal.seconds"])
def test_a_fact_that_changes_is_missed_in_the_readme(name: str) -> None:
    (readme,) = (document for document in read_documents() if document.name == "README.md")
    facts = read_facts()
    changed = {**facts, name: Fact(value=float(facts[name].value) + 11, unit="", command="")}

    problems = free_figures(readme, (PROJECT / "README.md").read_text(encoding="utf-8"), changed)

    assert any(f"true by {name}" in problem or name in problem for problem in problems)
