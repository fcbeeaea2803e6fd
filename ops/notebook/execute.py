"""Run a notebook without a person: `python -m ops.notebook.execute NOTEBOOK --to EXECUTED`."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ops.errors import ExitCode
from ops.notebook.outcome import CellFailed, require_success
from ops.project import ROOT

KERNELS: Final = ROOT / "ops" / "local" / "jupyter"
"""For JUPYTER_PATH: our kernel by EMR's name."""

_SECONDS_A_CELL: Final = 3600
_MOST_CHARACTERS: Final = 90
"""Of what a cell has shown: a line at a terminal."""


def execute(
    notebook: Any, *, gateway: Any = None, tell: Callable[[str], None] | None = None, log: IO[str] | None = None
) -> None:
    """Run all cells of a notebook, whose outputs are then in it.

    Parameters
    ----------
    notebook
        A notebook as `nbformat` reads it.
    gateway
        Class of the manager of kernels, where they are not this machine's own but those of a gateway.
    tell
        Told of each cell of code that has run.
    log
        Gets what a kernel of this machine and its processes write beside the notebook; standard error unless given.

    Raises
    ------
    CellFailed
        With the first cell that failed; those after it are not run, unless it failed in Livy.
    """
    name = notebook.metadata.kernelspec.name
    options: dict[str, Any] = {"kernel_manager_class": gateway} if gateway else {}
    if tell is not None:
        options["on_cell_executed"] = lambda cell, cell_index, **_: tell(_told(notebook, cell, cell_index))
    client = NotebookClient(notebook, kernel_name=name, timeout=_SECONDS_A_CELL, **options)
    with suppress(CellExecutionError):  # its outputs have the error, and are looked at in any case
        client.execute(**({"kernel_name": name} if gateway else {}), **({"stderr": log} if log else {}))
    require_success(notebook)


def _told(notebook: Any, cell: Any, index: int) -> str:
    """Say which cell of code it was, and the beginning of what it has shown."""
    code = [number for number, other in enumerate(notebook.cells) if other.cell_type == "code"]
    return f"{code.index(index) + 1}/{len(code)}  {_beginning(cell.outputs)}".rstrip()


def _beginning(outputs: list[Mapping[str, Any]]) -> str:
    """Return the first line of the first text among outputs, or that there is a figure."""
    for output in outputs:
        text = output["text"] if output.get("name") == "stdout" else output.get("data", {}).get("text/plain", "")
        if "image/png" in output.get("data", {}):
            return "(a figure)"
        if lines := [line for line in text.splitlines() if line.strip()]:
            return str(lines[0][:_MOST_CHARACTERS])
    return ""


def main() -> int:
    """Run the notebook, and write it with its outputs, also if a cell failed; a log of Spark's lies beside it."""
    parser = argparse.ArgumentParser(description="Run a notebook from its first cell to its last.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--to", type=Path, required=True, help="where to write it with its outputs")
    arguments = parser.parse_args()
    os.environ["JUPYTER_PATH"] = str(KERNELS)
    notebook = nbformat.read(arguments.notebook, as_version=4)
    try:
        with arguments.to.with_suffix(".log").open("w", encoding="utf-8") as log:
            execute(notebook, tell=lambda line: print(line, flush=True), log=log)
    except CellFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        nbformat.write(notebook, arguments.to)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
