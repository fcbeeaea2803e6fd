"""`make` as somebody calls it in a shell, though these tests are run by a `make` themselves."""

import os
import re
import subprocess
from pathlib import Path

from tests.imports import PROJECT

# What a make hands on to the programs that it runs; a make that finds them takes itself for a part of the first.
_OF_AN_OUTER_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def run_make(*arguments: str, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run `make` in a folder, whatever was given to the `make` that these tests are run by.

    Parameters
    ----------
    *arguments
        What follows `make` on the command line.
    folder
        Where the Makefile is.

    Returns
    -------
    subprocess.CompletedProcess[str]
        How it ended, and what it printed.
    """
    # A variable with `?=` is read from the environment, too, where an outer make puts what it was called with.
    optional = set(re.findall(r"^(\w+) \?=", (folder / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    environment = {name: value for name, value in os.environ.items() if name not in _OF_AN_OUTER_MAKE | optional}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
