"""What `make` says where it cannot begin."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile and nothing to install."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def _made(folder: Path, target: str, python: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", f"PYTHON={python}", target]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _python_of_version(folder: Path, version: str) -> str:
    """Write a Python that says that it is of another version."""
    path = folder / f"python{version}"
    parts = ", ".join([*version.split("."), "0"])
    lie = f"import sys; sys.version_info = ({parts}); exec(sys.argv[1])"
    path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{lie}' \"$2\"\n")
    path.chmod(0o755)
    return str(path)


def _planned(*given: str) -> subprocess.CompletedProcess[str]:
    """Have `make test` say what it would run, whatever was given to the `make` that these tests are run by."""
    others = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "ALL", "ONLY"}}
    command = ["make", "--dry-run", "test", *given]
    return subprocess.run(command, cwd=ROOT, env=others, capture_output=True, text=True, check=False)


def test_another_word_for_all_tests_is_refused_and_does_not_leave_some_out() -> None:
    planned = _planned("ALL=no")
    assert (planned.returncode, planned.stdout) == (2, "")
    assert 'ALL is "no"; accepted: yes, or nothing' in planned.stderr


@pytest.mark.parametrize(
    ("given", "marks"),
    [((), ['-m "not long"']), (("ALL=yes",), []), (("ONLY=cdk",), ['-m "cdk"'])],
)
def test_the_long_tests_alone_are_left_out_unless_others_are_chosen(given: tuple[str, ...], marks: list[str]) -> None:
    (line,) = [line for line in _planned(*given).stdout.splitlines() if "--dist loadfile" in line]
    assert re.findall(r'-m "[^"]*"', line) == marks


@pytest.mark.parametrize("target", ["light", ".venv/.installed"])
def test_another_python_is_named_with_the_one_that_is_needed(folder: Path, target: str) -> None:
    (folder / "requirements").mkdir()
    for name in ("build", "laptop", "weights", "s3a"):
        (folder / "requirements" / f"{name}.txt").touch()
    (folder / "pyproject.toml").touch()
    python = _python_of_version(folder, "3.12")
    done = _made(folder, target, python)
    assert done.returncode == 2
    assert f"error: Python 3.11 is needed, and {python} is 3.12; install Python 3.11" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_python_that_is_not_there_is_named_with_what_to_do(folder: Path) -> None:
    done = _made(folder, "light", "python3.11-of-nobody")
    assert "error: python3.11-of-nobody not found; install Python 3.11, or: make PYTHON=" in done.stderr
