"""The decisions: each has number, date and status, and the index names all of them."""

from pathlib import Path

import pytest

from ops.build.decisions import FOLDER, INDEX, Decision, DecisionError, read_decision, read_decisions, table

HEAD = "# 7. Apples before pears\n\nDate: 2026-11-26. Status: accepted.\n\n**Decision.** So."


def test_the_index_is_what_the_pages_say() -> None:
    said = (FOLDER / INDEX).read_text(encoding="utf-8")
    assert said.endswith("\n\n" + table(read_decisions())), "the index of the decisions is stale: run make fix"


def test_no_two_decisions_have_the_same_number() -> None:
    numbers = [decision.number for decision in read_decisions()]
    assert len(set(numbers)) == len(numbers)


def _successor(decision: Decision) -> int | None:
    digits = decision.status.rpartition(" ")[2]
    return int(digits) if digits.isdecimal() else None


def test_what_amends_a_decision_exists_and_is_not_older() -> None:
    decisions = {decision.number: decision for decision in read_decisions()}
    followed = [(item, decisions[number]) for item in decisions.values() if (number := _successor(item)) is not None]
    assert followed
    assert [old.file for old, new in followed if new.date < old.date] == []


def test_a_decision_has_number_title_date_and_status() -> None:
    decision = read_decision("0007-apples.md", HEAD)
    assert (decision.number, decision.title) == (7, "Apples before pears")
    assert (decision.date, decision.status) == ("2026-11-26", "accepted")


def test_a_decision_may_name_the_one_that_supersedes_it() -> None:
    text = HEAD.replace("accepted", "superseded by 12")
    assert read_decision("0007-apples.md", text).status == "superseded by 12"


@pytest.mark.parametrize(
    "harm",
    [
        ("Date: 2026-11-26. Status: accepted.\n\n", ""),
        ("Date: 2026-11-26", "Date: yesterday"),
        ("accepted", "fine"),
        ("# 7. ", "# "),
    ],
    ids=["neither", "date", "status", "number"],
)
def test_a_page_without_them_is_refused(harm: tuple[str, str]) -> None:
    with pytest.raises(DecisionError, match=r"0007-apples\.md does not begin with '# <number>"):
        read_decision("0007-apples.md", HEAD.replace(*harm))


def test_a_file_with_the_number_of_another_is_refused() -> None:
    with pytest.raises(DecisionError, match=r"0008-apples\.md says that it is decision 7"):
        read_decision("0008-apples.md", HEAD)


def test_an_index_that_lacks_a_page_is_another(tmp_path: Path) -> None:
    (tmp_path / "0007-apples.md").write_text(HEAD, encoding="utf-8")
    (row,) = [line for line in table(read_decisions(tmp_path)).splitlines() if "apples" in line]
    assert row == "| 7 | [Apples before pears](0007-apples.md) | 2026-11-26 | accepted |"
