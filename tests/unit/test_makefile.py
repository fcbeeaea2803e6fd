"""What `make` would run, what it says where it cannot begin, and that tests run it as a shell does."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.imports import PROJECT
from tests.makefile import run_make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile and nothing to install."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    return tmp_path


def _python_of_version(folder: Path, version: str) -> str:
    """Write a Python that says that it is of another version."""
    path = folder / f"python{version}"
    parts = ", ".join([*version.split("."), "0"])
    lie = f"import sys; sys.version_info = ({parts}); exec(sys.argv[1])"
    path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{lie}' \"$2\"\n")
    path.chmod(0o755)
    return str(path)


def test_another_word_for_all_tests_is_refused_and_does_not_leave_some_out() -> None:
    planned = run_make("--dry-run", "test", "ALL=no")
    assert (planned.returncode, planned.stdout) == (2, "")
    assert 'ALL is "no"; accepted: yes, or nothing' in planned.stderr


@pytest.mark.parametrize(
    ("given", "marks"),
    [((), ['-m "not long"']), (("ALL=yes",), []), (("ONLY=cdk",), ['-m "cdk"'])],
)
def test_the_long_tests_alone_are_left_out_unless_others_are_chosen(given: tuple[str, ...], marks: list[str]) -> None:
    planned = run_make("--dry-run", "test", *given).stdout
    (line,) = [line for line in planned.splitlines() if "--dist loadfile" in line]
    assert re.findall(r'-m "[^"]*"', line) == marks


@pytest.mark.parametrize("target", ["light", ".venv/.installed"])
def test_another_python_is_named_with_the_one_that_is_needed(folder: Path, target: str) -> None:
    (folder / "requirements").mkdir()
    for name in ("build", "laptop", "weights", "s3a"):
        (folder / "requirements" / f"{name}.txt").touch()
    (folder / "pyproject.toml").touch()
    python = _python_of_version(folder, "3.12")
    done = run_make(f"PYTHON={python}", target, folder=folder)
    assert done.returncode == 2
    assert f"error: Python 3.11 is needed, and {python} is 3.12; install Python 3.11" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_python_that_is_not_there_is_named_with_what_to_do(folder: Path) -> None:
    done = run_make("PYTHON=python3.11-of-nobody", "light", folder=folder)
    assert "error: python3.11-of-nobody not found; install Python 3.11, or: make PYTHON=" in done.stderr


def test_a_make_that_runs_the_tests_changes_nothing_of_those_that_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = run_make("--dry-run", "test")
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.setenv("MAKEFLAGS", " -- ALL=yes")
    monkeypatch.setenv("ALL", "yes")
    monkeypatch.setenv("WORKERS", "7")
    within = run_make("--dry-run", "test")
    assert (within.returncode, within.stdout, within.stderr) == (0, alone.stdout, "")


def test_tests_run_make_in_one_way_only() -> None:
    calls = re.compile(r"""\[\s*["']make["']""")
    texts = {
        path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in PROJECT.glob("tests/**/*.py")
    }
    assert [path for path, text in texts.items() if calls.search(text)] == ["tests/makefile.py"]
