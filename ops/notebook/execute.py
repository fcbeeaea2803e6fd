"""Run a notebook without a person: `python -m ops.notebook.execute NOTEBOOK --to EXECUTED [--gateway URL]`."""

import argparse
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

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


def execute(notebook: Any, *, gateway: str = "") -> None:
    """Run all cells of a notebook, whose outputs are then in it.

    Parameters
    ----------
    notebook
        A notebook as `nbformat` reads it.
    gateway
        Address of a Jupyter Enterprise Gateway, whose kernels are used in place of this machine's own.

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
        of_gateway.init_connection_args()
    client = NotebookClient(
        notebook, kernel_name=name, timeout=_SECONDS_A_CELL, startup_timeout=_SECONDS_TO_START, **options
    )
    with suppress(CellExecutionError):  # its outputs have the error, and are looked at in any case
        client.execute(**({"kernel_name": name} if gateway else {}))
    require_success(notebook)


def main() -> int:
    """Run the notebook, and write it with its outputs, also if a cell failed."""
    parser = argparse.ArgumentParser(description="Run a notebook from its first cell to its last.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--to", type=Path, required=True, help="where to write it with its outputs")
    parser.add_argument("--gateway", default="", help="address of a Jupyter Enterprise Gateway, for its kernels")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON: values for the cell of parameters")
    arguments = parser.parse_args()
    os.environ["JUPYTER_PATH"] = str(KERNELS)
    notebook = with_parameters(nbformat.read(arguments.notebook, as_version=4), arguments.parameters)
    try:
        execute(notebook, gateway=arguments.gateway)
    except CellFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        nbformat.write(notebook, arguments.to)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
