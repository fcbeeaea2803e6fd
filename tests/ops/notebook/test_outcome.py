"""A cell that failed is found in the outputs, whoever ran it."""

from typing import Any

import pytest

from ops.notebook.outcome import CellFailed, require_success


def notebook(*outputs: dict[str, Any], count: int | None = 1) -> dict[str, Any]:
    prose = {"cell_type": "markdown", "source": "One"}
    return {"cells": [prose, {"cell_type": "code", "source": "f()", "outputs": outputs, "execution_count": count}]}


def stream(text: str | list[str]) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stderr", "text": text}


def test_text_and_pictures_are_no_failure() -> None:
    require_success(notebook(stream("INFO: done"), {"output_type": "display_data", "data": {"image/png": ""}}))


def test_an_error_of_the_kernel_is_found() -> None:
    error = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": []}

    with pytest.raises(
        CellFailed, match=r"cell 2 of the notebook failed: ZeroDivisionError: division by zero\n\nf\(\)"
    ):
        require_success(notebook(error))


@pytest.mark.parametrize(
    "text",
    [
        "An error was encountered:\ndivision by zero\nTraceback (most recent call last):\n",
        ["An error was encountered:\n", "division by zero\n"],
        "The code failed because of a fatal error:\n\tdivision by zero..\n\nSome things to try:\n",
    ],
)
def test_an_error_that_livy_reports_as_success_is_found(text: str | list[str]) -> None:
    with pytest.raises(CellFailed, match="cell 2 of the notebook failed: division by zero"):
        require_success(notebook(stream("40 photographs\n"), stream(text)))


def test_a_cell_that_was_never_run_is_found() -> None:
    with pytest.raises(CellFailed, match="cell 2 of the notebook was never run"):
        require_success(notebook(count=None))
