"""What failed in an executed notebook: Livy reports a cell that failed as one that ended well, so outputs are read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.errors import FruitsError

_FAILED: Final = re.compile(
    r"(?:An error was encountered|The code failed because of a fatal error):\s*(?P<error>.*)", re.DOTALL
)
"""How sparkmagic writes what Livy says of a statement that failed, and of a session that does not start."""


class CellFailed(FruitsError):
    """A cell of a notebook failed; the message names it and says why."""


def require_success(notebook: Mapping[str, Any]) -> None:
    """Look for errors in the outputs of a notebook, in Jupyter's format 4.

    Raises
    ------
    CellFailed
        With the first cell that failed, or that was never run.
    """
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        for error in _errors(cell):
            raise CellFailed(f"cell {number} of the notebook failed: {error}\n\n{_joined(cell['source'])}")
        if cell["execution_count"] is None:
            raise CellFailed(f"cell {number} of the notebook was never run\n\n{_joined(cell['source'])}")


def _errors(cell: Mapping[str, Any]) -> Iterator[str]:
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield f"{output['ename']}: {output['evalue']}"
        elif output["output_type"] == "stream" and (found := _FAILED.search(_joined(output["text"]))):
            yield found["error"].strip()


def _joined(text: str | list[str]) -> str:
    """Return text that a file may hold as a list of lines."""
    return text if isinstance(text, str) else "".join(text)
