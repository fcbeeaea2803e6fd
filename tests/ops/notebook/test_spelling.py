"""Words of the notebook are in a dictionary, or in our own list."""

import subprocess
from pathlib import Path

import pytest

from ops.notebook.source import SOURCE
from ops.project import ROOT
from tests.ops.notebook.notebooks import PYTHON


def _spell(*source: Path) -> subprocess.CompletedProcess[str]:
    if not PYTHON.exists():
        pytest.fail("the notebooks' environment is not installed; run: make .venv-notebook/.installed", pytrace=False)
    command = [str(PYTHON), "-m", "ops.notebook.spelling", *map(str, source)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_word_of_the_notebook_is_misspelt() -> None:
    ended = _spell()
    assert ended.returncode == 0, ended.stderr


def test_misspelt_words_are_found_in_prose_and_in_what_cells_print(tmp_path: Path) -> None:
    text = SOURCE.read_text(encoding="utf-8")
    for right, wrong in (
        ("The kernel provides", "The kernel providez"),
        ('en="nothing to compute', 'en="nothink to compute'),
        ('fr="rien à calculer', 'fr="riens à calculler'),
    ):
        text = text.replace(right, wrong)
    source = tmp_path / "planted.py"
    source.write_text(text, encoding="utf-8")
    ended = _spell(source)

    assert ended.returncode == 1
    assert ended.stderr.startswith("planted.py, fr: in no dictionary: calculler; mend them, or add them to")
    assert "planted.py, en: in no dictionary: nothink, providez; mend them" in ended.stderr
