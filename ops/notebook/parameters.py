"""Values for a notebook's parameters, given from outside as papermill and EMR do it."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from ops.errors import ExitCode, FruitsError

_TAG: Final = "parameters"
_INJECTED: Final = "injected-parameters"
"""Tag of papermill's for the cell it adds."""


class NoParameters(FruitsError):
    """The notebook has no cell for parameters."""

    exit_code = ExitCode.USAGE


def with_parameters(notebook: Any, values: Mapping[str, Any]) -> Any:
    """Return a notebook, in Jupyter's format 4, with a cell behind that of its parameters that gives other values.

    Raises
    ------
    NoParameters
        If there are values and no cell with the tag ``parameters``.
    """
    if not values:
        return notebook
    found = copy.deepcopy(notebook)
    tagged = [number for number, cell in enumerate(found["cells"]) if _TAG in cell["metadata"].get("tags", [])]
    if not tagged:
        raise NoParameters(f"the notebook has no cell tagged {_TAG}, so it cannot be given {', '.join(values)}")
    cell = copy.deepcopy(found["cells"][tagged[0]])
    cell["id"], cell["metadata"] = _INJECTED, {"tags": [_INJECTED]}
    cell["source"] = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    found["cells"].insert(tagged[0] + 1, cell)
    return found
