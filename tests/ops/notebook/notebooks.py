"""Running notebooks as `make` does: by the Python of the notebooks' environment."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.project import ROOT

PYTHON = ROOT / ".venv-notebook" / "bin" / "python"
_MINUTES = 20


@dataclass(frozen=True)
class Executed:
    """How a notebook ended, what it said, and the notebook with its outputs."""

    code: int
    error: str
    notebook: Mapping[str, Any]

    def outputs(self, kind: str) -> list[Any]:
        """All outputs of a kind, such as ``image/png``, or what cells printed for ``text``."""
        of_cells = [output for cell in self.notebook["cells"] for output in cell.get("outputs", [])]
        if kind == "text":
            return ["".join(one["text"]) for one in of_cells if one.get("name") == "stdout"]
        return [one["data"][kind] for one in of_cells if kind in one.get("data", {})]

    @property
    def text(self) -> str:
        return "\n".join(self.outputs("text"))


def execute(notebook: Path, folder: Path, environment: Mapping[str, str], *options: str) -> Executed:
    """Run a notebook, with more variables in its environment; its outputs are written into a folder."""
    if not PYTHON.exists():
        pytest.fail("the notebooks' environment is not installed; run: make .venv-notebook/.installed", pytrace=False)
    target = folder / "executed.ipynb"
    ended = subprocess.run(
        [PYTHON, "-m", "ops.notebook.execute", notebook, "--to", target, *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=_MINUTES * 60,
        check=False,
    )
    return Executed(ended.returncode, ended.stderr, json.loads(target.read_text(encoding="utf-8")))


def with_cells(*sources: str) -> str:
    """Write a notebook of some cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"display_name": "PySpark", "language": "python", "name": "pysparkkernel"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
