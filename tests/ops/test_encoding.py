"""A terminal that is not UTF-8 gets every line, in the letters that it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.local.sample import render_sample

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def fruits(encoding: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "120"},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_prices_end_with_what_nobody_knows_whatever_the_encoding(encoding: str) -> None:
    full, here = (fruits(name, "price", "-c", "region=eusc-de-east-1") for name in ("utf-8", encoding))
    assert (full.returncode, here.returncode) == (0, 0), here.stderr
    assert len(here.stdout.decode(encoding).splitlines()) == len(full.stdout.decode().splitlines())
    assert "≥" in full.stdout.decode()
    assert ">=" in here.stdout.decode(encoding) or "≥" in here.stdout.decode(encoding)


def test_help_is_whole_in_ascii() -> None:
    said = fruits("ascii", "--help")
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"price" in said.stdout


def test_names_with_letters_that_an_encoding_lacks_are_told_in_others(tmp_path: Path) -> None:
    folder = tmp_path / "fruités ≥ 水果"
    said = fruits("ascii", "images", "sample", str(folder), "--per-label", "5")
    assert said.returncode == 0, said.stderr
    assert b"fruites >= ??" in b" ".join(said.stdout.split())


def test_a_file_name_that_is_no_text_is_told_with_question_marks(tmp_path: Path) -> None:
    render_sample(tmp_path, per_label=5, labels=["Lemon"])
    nobody = os.fsdecode(b"caf\xe9")
    said = fruits("utf-8", "report", nobody)
    assert said.returncode in (1, 2)
    assert b"caf?" in said.stderr
