"""The page on the rehearsal says of planted faults what the list of them says."""

from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.page import PAGE, expected, known, tried, with_table


def test_the_page_has_the_verdicts_that_the_list_expects() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, known(page)), "run: make planted"


def test_nearly_all_faults_of_the_page_are_seen() -> None:
    known = tried(PAGE.read_text(encoding="utf-8"))
    assert len(known) >= 25
    assert sum(fault.seen for fault in FAULTS if fault.name in known) * 25 >= len(known) * 24


def test_a_fault_without_a_verdict_is_on_the_page_as_not_tried() -> None:
    page = with_table(PAGE.read_text(encoding="utf-8"), {})
    assert tried(page) == set()
    assert tried(page.replace("`infra/", "`elsewhere/")) == set()  # files move, verdicts do not come from that
    assert page.count("not tried yet") == len(FAULTS) + 1


def test_a_verdict_that_is_not_expected_shows_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    verdicts = expected() | {FAULTS[0].name: expected()[FAULTS[-1].name]}
    assert "not as expected" in with_table(page, verdicts)
