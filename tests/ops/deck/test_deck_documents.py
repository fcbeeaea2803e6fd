"""Documents in two languages: written from one template, with figures that facts give."""

import re
from pathlib import Path

import pytest

from ops.deck import documents as module
from ops.deck.documents import FOLDER, document, documents, main
from ops.deck.pairs import PairsError
from ops.facts.fact import Fact, read_facts
from tests.ops.deck.slide_rules import faults_of_french, free_digits

FACTS = {"run": Fact(value=0.5, unit="EUR", command="fruits price", date="2026-11-27")}


def test_the_documents_are_what_their_templates_give() -> None:
    made = documents(read_facts())
    assert {path.name for path in made} >= {"critique.fr.md", "critique.en.md"}
    assert [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text] == []


def test_no_figure_of_a_document_was_typed() -> None:
    assert {path.name: free_digits(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.md.j2")} == {
        path.name: [] for path in FOLDER.glob("*.md.j2")
    }


def test_the_french_of_the_documents_is_set_as_french() -> None:
    french = [path for path in documents(read_facts()) if path.name.endswith(".fr.md")]
    prose = (path.read_text(encoding="utf-8").rpartition("\n---\n")[0] for path in french)
    assert [
        fault for text in prose for fault in faults_of_french(re.sub(r"^\|.*$", "", text, flags=re.MULTILINE))
    ] == []


def test_a_document_names_the_commands_behind_its_figures_and_one_without_figures_names_none() -> None:
    made = document("a.md.j2", "{% fr %}Prix {{ fact('run') }}{% en %}Price {{ fact('run') }}{% end %}", FACTS, "en")
    assert made == "Price €0.50\n\n---\n\nSource: fruits price (2026-11-27)\n"
    assert document("a.md.j2", "{% fr %}Rien{% en %}Nothing{% end %}", FACTS, "en") == "Nothing\n"


def test_a_document_in_one_language_alone_is_refused() -> None:
    with pytest.raises(PairsError, match=r"a\.md\.j2, line 1"):
        document("a.md.j2", "{% fr %}Prix{% end %}", FACTS, "en")


def test_a_document_that_somebody_changed_by_hand_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md.j2").write_text("{% fr %}Rien{% en %}Nothing{% end %}", encoding="utf-8")
    monkeypatch.setattr(module, "documents", lambda facts: documents(facts, tmp_path))
    monkeypatch.setattr("sys.argv", ["documents"])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["documents", "--check"])
    assert main() == 0
    (tmp_path / "a.en.md").write_text("Something", encoding="utf-8")
    assert main() == 1
    assert "docs/a.en.md: not what the template gives" in capsys.readouterr().err
