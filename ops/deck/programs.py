"""The programs that draw slides: Marp and Chromium from npm, pandoc and PDFium from PyPI."""

import json
import os
import re
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops.deck.office import write_template
from ops.errors import FruitsError
from ops.project import ROOT

HOME: Final = ROOT / "docs" / "deck"
PACKAGES: Final = HOME / "node_modules"
_LAST_LINES: Final = 12
_PATIENCE_SECONDS: Final = "300"
"""Of Marp with its browser, which needs a few; a busy machine needs more than the half minute that Marp would wait."""


class ProgramFailed(FruitsError):
    """A program that draws slides failed."""


def browser(*arguments: str) -> Any:
    """Ask `docs/deck/browser.mjs`, and give its answer."""
    return json.loads(run(["node", str(HOME / "browser.mjs"), *arguments]).splitlines()[-1])


def with_libraries(chromium: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which Chromium finds the libraries that came with it."""
    libraries = os.pathsep.join(filter(None, (os.environ.get("LD_LIBRARY_PATH"), chromium["libraries"])))
    return {"LD_LIBRARY_PATH": libraries}


def marp(source: Path, target: Path, theme: Path, chromium: Mapping[str, str], *options: str) -> None:
    """Draw a deck: the ending of the target says as what.

    Parameters
    ----------
    source, target, theme
        Markdown, what is made of it, and how it looks.
    chromium
        Where the browser and its libraries are, as `browser("unpack")` says.
    options
        More for Marp.
    """
    environment = {"CHROME_PATH": chromium["program"], "CHROME_NO_SANDBOX": "1", **with_libraries(chromium)}
    arguments = [
        "--no-config",
        "--html",
        "--browser-timeout",
        _PATIENCE_SECONDS,
        "--theme",
        str(theme),
        "--output",
        str(target),
        *options,
        str(source),
    ]
    run(["node", str(PACKAGES / "@marp-team/marp-cli/marp-cli.js"), *arguments], environment)


def pandoc(source: Path, target: Path) -> None:
    """Make a PowerPoint file whose texts and tables can be edited."""
    import pypandoc  # noqa: PLC0415 (only in .venv-deck)

    default, template = target.with_name("pandoc.pptx"), target.with_name("template.pptx")
    run([pypandoc.get_pandoc_path(), "--output", str(default), "--print-default-data-file", "reference.pptx"])
    write_template(default, template)
    options = ["--slide-level=2", f"--reference-doc={template}"]
    pypandoc.convert_file(str(source), "pptx", format="markdown", outputfile=str(target), extra_args=options)


def slides_of_powerpoint(file: Path) -> int:
    """Count the slides of a PowerPoint file, which is an archive with a part for each."""
    with zipfile.ZipFile(file) as archive:
        return sum(bool(re.fullmatch(r"ppt/slides/slide\d+\.xml", name)) for name in archive.namelist())


def text_of_pdf(file: Path) -> list[str]:
    """Read the text of each page."""
    import pypdfium2  # noqa: PLC0415 (only in .venv-deck)

    with pypdfium2.PdfDocument(file) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program in the project's folder, and give what it prints.

    Raises
    ------
    ProgramFailed
        If it ends with another code than 0; the message has its last lines.
    """
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:])
        raise ProgramFailed(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{last}")
    return done.stdout
