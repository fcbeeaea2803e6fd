"""Tiers of tests: each test has one, and a unit test that starts more than it may is stopped."""

import subprocess
import sys
import tomllib
from collections import Counter

import pytest

from tests.imports import PROJECT
from tests.tiers import MARKS, OF_FOLDERS, UNIT, staying_in, tier


def _start(*words: str) -> None:
    subprocess.run([sys.executable, "-c", "", *words], check=True)


def test_a_test_that_has_no_other_mark_is_a_unit_test(request: pytest.FixtureRequest) -> None:
    assert tier("unit", ["tmp_path"], ["parametrize"]) == {UNIT}
    assert request.node.get_closest_marker(UNIT)


@pytest.mark.parametrize(
    ("folder", "fixtures", "marks", "expected"),
    [
        ("infra", [], [], {"cdk"}),
        ("rehearsal", [], [], {"server"}),
        ("unit", ["s3_endpoint"], [], {"server"}),
        ("unit", [], ["slow"], {"slow"}),
        ("job", ["spark"], [], {"spark"}),
        ("job", [], [], {"unit"}),
        ("job", ["spark"], ["long"], {"long", "spark"}),
        ("rehearsal", ["transient"], [], {"long", "server"}),
        ("job", ["finished"], ["tensorflow"], {"spark", "tensorflow"}),
    ],
)
def test_what_a_test_needs_takes_it_out_of_the_unit_tests(
    folder: str, fixtures: list[str], marks: list[str], expected: set[str]
) -> None:
    assert tier(folder, fixtures, marks) == expected


@pytest.mark.parametrize("word", ["spark-submit", "/usr/bin/java", "ministack", "rehearsal.node", "bin/cdk"])
def test_a_unit_test_that_starts_more_than_it_may_fails(word: str) -> None:
    expected = f"a unit test starts {word.rpartition('/')[2]}; .* mark the test"
    with pytest.raises(pytest.fail.Exception, match=expected), staying_in([UNIT]):
        _start(word)


def test_a_unit_test_that_loads_tensorflow_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # An import that finds nothing is one, too, and takes no time.
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with (
        pytest.raises(pytest.fail.Exception, match="a unit test starts tensorflow"),
        staying_in([UNIT]),
        pytest.raises(ImportError),
    ):
        __import__("tensorflow")


def test_other_tests_may_start_what_they_need() -> None:
    with staying_in(["server"]):
        _start("ministack")


def test_a_test_that_has_a_node_work_is_long_or_fails() -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"starts rehearsal\.node; .* pytest\.mark\.long"),
        staying_in(["server"]),
    ):
        _start("rehearsal.node")
    with staying_in(["server", "long"]):
        _start("rehearsal.node")


def test_a_unit_test_may_start_other_programs() -> None:
    with staying_in([UNIT]):
        _start("anything")


def test_marks_are_explained_where_pytest_lists_them() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert {line.partition(":")[0] for line in settings["markers"]} == MARKS | {UNIT}


def test_folders_with_a_tier_of_their_own_exist() -> None:
    assert [folder for folder in OF_FOLDERS if not (PROJECT / "tests" / folder).is_dir()] == []


def test_no_two_files_of_tests_have_the_same_name() -> None:
    # pytest imports them by their names alone, and collects nothing at all if one comes twice.
    names = Counter(file.name for file in (PROJECT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
