"""The outputs of the notebook in two languages."""

from typing import Any

import pytest

from job.notebook.words import Words, typeset_french

NARROW, WIDE = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("quoi ?", f"quoi{NARROW}?"),
        ("ici ; là !", f"ici{NARROW}; là{NARROW}!"),
        ("la raison : rien", f"la raison{WIDE}: rien"),
        ("« carnet »", f"«{WIDE}carnet{WIDE}»"),
        ("95 %", f"95{NARROW}%"),
        ("l'ACP d'un job", "l\N{RIGHT SINGLE QUOTATION MARK}ACP d\N{RIGHT SINGLE QUOTATION MARK}un job"),
        ("fin de ligne\n: suite", f"fin de ligne{WIDE}: suite"),
        ("`a ? 'b' : c` et [a ?](x ?y)", f"`a ? 'b' : c` et [a{NARROW}?](x ?y)"),
    ],
)
def test_french_gets_its_spaces_and_apostrophes_but_not_in_code(typed: str, printed: str) -> None:
    assert typeset_french(typed) == printed


def test_numbers_are_written_as_the_language_does() -> None:
    sentence: dict[str, Any] = {
        "fr": "{n:,} fruits, {share:.1%}",
        "en": "{n:,} fruits, {share:.1%}",
        "n": 12345,
        "share": 0.5,
    }

    assert Words("en").text(**sentence) == "12,345 fruits, 50.0%"
    assert Words("fr").text(**sentence) == f"12{NARROW}345 fruits, 50,0{NARROW}%"


def test_text_that_stands_in_a_sentence_is_not_taken_for_a_number() -> None:
    assert Words("fr").text(fr="à {where}", en="at {where}", where="a.b, c") == "à a.b, c"


def test_a_table_has_numbers_to_the_right_and_names_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    Words("en").table([("a", 5), ("long", 1234), ("share", 0.5), ("yes", True)])

    assert capsys.readouterr().out == "a          5\nlong   1,234\nshare   0.50\nyes    True\n"


def test_a_table_without_rows_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Words("en").table([])

    assert capsys.readouterr().out == ""


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="language is 'de'; accepted: fr, en"):
        Words("de")  # type: ignore[arg-type]
