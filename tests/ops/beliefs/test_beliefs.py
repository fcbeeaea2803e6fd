"""The table of beliefs: each has a number of its own, and the page is what the table gives."""

from datetime import date
from pathlib import Path

import pytest

from ops.beliefs.belief import Belief
from ops.beliefs.page import PAGE, page
from ops.beliefs.settled import SETTLED
from ops.beliefs.table import BELIEFS, BY_NUMBER
from ops.beliefs.verdicts import Outcome, Verdict, VerdictsError, read_verdicts, write_verdicts


def _verdict(outcome: Outcome, answer: object = "so") -> Verdict:
    return Verdict(outcome=outcome, seen=date(2026, 12, 1), release="emr-7.13.0", region="eu-west-3", answer=answer)


def _row(text: str, number: int) -> str:
    (row,) = (line for line in text.splitlines() if line.startswith(f"| {number} |"))
    return row


def test_the_page_is_what_the_table_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_verdicts()), "run: make fix"


def test_each_number_stands_once() -> None:
    numbers = [row.number for rows in BELIEFS.values() for row in rows] + [row.number for row in SETTLED]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("row", BY_NUMBER.values(), ids=lambda row: str(row.number))
def test_a_row_fits_into_a_table(row: Belief) -> None:
    assert not [text for text in (row.belief, row.unknown, row.shown_by) if not text or "|" in text or "\n" in text]


def test_what_is_confirmed_moves_to_a_part_of_its_own() -> None:
    text = page({11: _verdict(Outcome.CONFIRMED, {"python": "3.11.9"})})
    shown = text.partition("## Confirmed on AWS")[2].partition("\n## ")[0]
    assert _row(text, 11) in shown
    assert _row(text, 11).endswith('| 2026-12-01, eu-west-3, emr-7.13.0 | `{"python": "3.11.9"}` |')


def test_what_is_refuted_comes_first() -> None:
    text = page({1: _verdict(Outcome.CONFIRMED), 11: _verdict(Outcome.REFUTED)})
    assert text.index("## Refuted on AWS") < text.index("## Confirmed on AWS") < text.index("## What could stop")


def test_an_answer_cannot_break_the_table() -> None:
    row = _row(page({1: _verdict(Outcome.REFUTED, "a | b\n`c` " + "d" * 1000)}), 1)
    assert "`a / b 'c' d" in row
    assert len(row) < 1000


def test_verdicts_are_read_as_they_were_written(tmp_path: Path) -> None:
    verdicts = {11: _verdict(Outcome.CONFIRMED), 2: _verdict(Outcome.REFUTED, [1, None])}
    write_verdicts(verdicts, tmp_path / "verdicts.json")
    assert read_verdicts(tmp_path / "verdicts.json") == verdicts


def test_a_file_that_holds_no_verdicts_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text('{"11": "yes"}', encoding="utf-8")
    with pytest.raises(VerdictsError, match=r"verdicts\.json: no table of verdicts"):
        read_verdicts(tmp_path / "verdicts.json")
