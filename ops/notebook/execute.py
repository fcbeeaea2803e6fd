"""Run a notebook without a person: `python -m ops.notebook.execute NOTEBOOK --to EXECUTED`."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ops.errors import ExitCode
from ops.notebook.outcome import CellFailed, require_success
from ops.project import ROOT

KERNELS: Final = ROOT / "ops" / "local" / "jupyter"
"""For JUPYTER_PATH: our kernel by EMR's name."""

_SECONDS_A_CELL: Final = 3600


def execute(notebook: Any, *, gateway: Any = None) -> None:
    """Run all cells of a notebook, whose outputs are then in it.

    Parameters
    ----------
    notebook
        A notebook as `nbformat` reads it.
    gateway
        Class of the manager of kernels, where they are not this machine's own but those of a gateway.

    Raises
    ------
    CellFailed
        With the first cell that failed; those after it are not run, unless it failed in Livy.
    """
    name = notebook.metadata.kernelspec.name
    options = {"kernel_manager_class": gateway} if gateway else {}
    client = NotebookClient(notebook, kernel_name=name, timeout=_SECONDS_A_CELL, **options)
    with suppress(CellExecutionError):  # its outputs have the error, and are looked at in any case
        client.execute(**({"kernel_name": name} if gateway else {}))
    require_success(notebook)


def main() -> int:
    """Run the notebook, and write it with its outputs, also if a cell failed."""
    parser = argparse.ArgumentParser(description="Run a notebook from its first cell to its last.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--to", type=Path, required=True, help="where to write it with its outputs")
    arguments = parser.parse_args()
    os.environ["JUPYTER_PATH"] = str(KERNELS)
    notebook = nbformat.read(arguments.notebook, as_version=4)
    try:
        execute(notebook)
    except CellFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        nbformat.write(notebook, arguments.to)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
