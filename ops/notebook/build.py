"""Write the notebooks from their source, without outputs: `python -m ops.notebook.build`, or ``--check`` them."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from job.notebook.words import LANGUAGES, Language
from ops.notebook.source import SOURCE, Cell, cells, in_language

KERNEL: Final = "pysparkkernel"
"""What EMR calls its PySpark kernel; ours has the same name."""


def path_of(language: Language) -> Path:
    """Return where the notebook of a language lies."""
    return SOURCE.with_name(f"fruits.{language}.ipynb")


def notebook(source: str, language: Language) -> str:
    """Return the notebook of a language, as Jupyter's format 4.5 has it; the same source gives the same bytes.

    Raises
    ------
    SourceError
        If the source is no notebook in two languages.
    """
    shown = in_language(cells(source), language)
    content = {
        "cells": [_cell(number, cell) for number, cell in enumerate(shown, start=1)],
        "metadata": {
            "kernelspec": {"display_name": "PySpark", "language": "python", "name": KERNEL},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _cell(number: int, cell: Cell) -> dict[str, Any]:
    tags = {"tags": [cell.tag]} if cell.tag else {}
    common = {"id": f"cell-{number:02}", "metadata": tags, "source": cell.text.splitlines(keepends=True)}
    if cell.kind == "markdown":
        return {"cell_type": "markdown", **common}
    return {"cell_type": "code", "execution_count": None, **common, "outputs": []}


def main() -> int:
    """Write the notebooks, or with ``--check`` say which are not what the source gives."""
    source = SOURCE.read_text(encoding="utf-8")
    made = {path_of(language): notebook(source, language) for language in LANGUAGES}
    if "--check" not in sys.argv[1:]:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if old:
        print(f"notebooks/{', '.join(old)}: not what notebooks/fruits.py gives; run: make fix", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
