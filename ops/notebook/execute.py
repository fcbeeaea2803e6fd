"""Run a notebook without a person: `python -m ops.notebook.execute NOTEBOOK --to EXECUTED [--gateway URL]`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import nbformat
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from ops.errors import ExitCode
from ops.notebook.outcome import CellFailed, require_success
from ops.notebook.parameters import with_parameters
from ops.project import ROOT

KERNELS: Final = ROOT / "ops" / "local" / "jupyter"
"""For JUPYTER_PATH: our kernel by EMR's name."""

_SECONDS_A_CELL: Final = 3600
_SECONDS_TO_START: Final = 600
_MOST_CHARACTERS: Final = 90
"""Of what a cell has shown: a line at a terminal."""


def execute(
    notebook: Any, *, gateway: str = "", tell: Callable[[str], None] | None = None, log: IO[str] | None = None
) -> None:
    """Run all cells of a notebook, whose outputs are then in it.

    Parameters
    ----------
    notebook
        A notebook as `nbformat` reads it.
    gateway
        Address of a Jupyter Enterprise Gateway, whose kernels are used in place of this machine's own.
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
    options: dict[str, Any] = {"kernel_manager_class": GatewayKernelManager} if gateway else {}
    if gateway:
        of_gateway = GatewayClient.instance()
        of_gateway.url = gateway
        of_gateway.connect_timeout = of_gateway.request_timeout = _SECONDS_TO_START  # it starts with its first call
        of_gateway.init_connection_args()
    if tell is not None:
        options["on_cell_executed"] = lambda cell, cell_index, **_: tell(_shown_by(notebook, cell, cell_index))
    client = NotebookClient(
        notebook, kernel_name=name, timeout=_SECONDS_A_CELL, startup_timeout=_SECONDS_TO_START, **options
    )
    with suppress(CellExecutionError):  # its outputs have the error, and are looked at in any case
        client.execute(**({"kernel_name": name} if gateway else {}), **({"stderr": log} if log else {}))
    require_success(notebook)


def _shown_by(notebook: Any, cell: Any, index: int) -> str:
    """Return which cell of code it was, and the beginning of what it has shown."""
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
    parser.add_argument("--gateway", default="", help="address of a Jupyter Enterprise Gateway, for its kernels")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON: values for the cell of parameters")
    arguments = parser.parse_args()
    os.environ["JUPYTER_PATH"] = str(KERNELS)
    notebook = with_parameters(nbformat.read(arguments.notebook, as_version=4), arguments.parameters)
    try:
        with arguments.to.with_suffix(".log").open("w", encoding="utf-8") as log:
            execute(notebook, gateway=arguments.gateway, tell=lambda line: print(line, flush=True), log=log)
    except CellFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        nbformat.write(notebook, arguments.to)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
