"""Publish the notebook: run it on photographs, and write each language as one page that opens offline.

`python -m ops.notebook.page --images FOLDER` is what `make notebook-docs` calls. The photographs are thumbnails in the
figures; a line below each page says whose they are.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import nbformat
from nbconvert import HTMLExporter

from job.notebook.words import LANGUAGES, Language
from ops.errors import ExitCode
from ops.notebook.build import path_of
from ops.notebook.execute import KERNELS, execute
from ops.notebook.publishable import require_publishable
from ops.project import ROOT

PAGES: Final = ROOT / "docs" / "notebook"
_ORIGIN: Final = {
    "fr": "Photographies : Fruits-360 (Mihai Oltean et Horea Muresan), vignettes ;"
    " licence MIT en 2017, CC BY-SA 4.0 ensuite.",
    "en": "Photographs: Fruits-360 (Mihai Oltean and Horea Muresan), thumbnails;"
    " MIT licence in 2017, CC BY-SA 4.0 later.",
}
_STYLE: Final = Path(__file__).with_name("page.css")


def page(notebook: Any, language: Language, *, places: Mapping[str, str]) -> str:
    """Return an executed notebook as one page of HTML that loads nothing.

    Parameters
    ----------
    notebook
        With its outputs; what programs wrote to standard error is left out.
    language
        Of its prose.
    places
        Folders of this machine that the outputs may name, and what the page says in their place.

    Raises
    ------
    NotPublishable
        If it would load something, names another folder of this machine, or is too large.
    """
    _prepare(notebook)
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    for folder, name in places.items():
        body = body.replace(folder, name)
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Fruits!</title>'
        f"<style>{_STYLE.read_text()}</style></head><body>{body}<footer>{_ORIGIN[language]}</footer></body></html>\n"
    )
    require_publishable(html)
    return html


def _prepare(notebook: Any) -> None:
    """Leave out what programs wrote to standard error, and describe figures by the prose before them."""
    prose = ""
    for cell in notebook.cells:
        prose = re.sub(r"[#*`]", "", cell.source).strip() if cell.cell_type == "markdown" else prose
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in (output for output in cell.outputs if "image/png" in output.get("data", {})):
                output.metadata["image/png"] = {"alt": " ".join(prose.split())}


def main() -> int:
    """Run the notebook in both languages, and write the pages."""
    parser = argparse.ArgumentParser(description="Run the notebook on photographs and publish it.")
    parser.add_argument("--images", type=Path, required=True, help="folder of photographs")
    images = str(parser.parse_args().images.resolve())
    PAGES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as output:
            os.environ |= {"JUPYTER_PATH": str(KERNELS), "FRUITS_IMAGES": images, "FRUITS_OUTPUT": output}
            notebook = nbformat.read(path_of(language), as_version=4)
            print(f"running {path_of(language).name}", file=sys.stderr)
            execute(notebook)
        places = {output: "/results", images: "/photographs", str(ROOT): "/fruits"}
        html = page(notebook, language, places=places)
        (PAGES / f"fruits.{language}.html").write_text(html, encoding="utf-8")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
