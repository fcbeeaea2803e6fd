"""What becomes of a notebook that EMR has run, and what the command refuses before it asks."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.notebook.executions import ExecutionFailed, require_finished
from ops.notebook.outcome import CellFailed


def _executed(*texts: str) -> bytes:
    outputs = [{"output_type": "stream", "name": "stderr", "text": text} for text in texts]
    cell: dict[str, Any] = {"cell_type": "code", "source": "f()", "execution_count": 1, "outputs": outputs}
    return json.dumps({"cells": [cell]}).encode()


def _described(status: str) -> dict[str, str]:
    return {"NotebookExecutionId": "ex-1", "Status": status, "LastStateChangeReason": "so it was"}


def test_what_emr_calls_finished_fails_where_livy_reported_an_error() -> None:
    with pytest.raises(CellFailed, match="cell 1 of the notebook failed: too red"):
        require_finished(_described("FINISHED"), _executed("An error was encountered:\ntoo red\n"))


@pytest.mark.parametrize("status", ["FAILED", "STOPPED"])
def test_what_emr_did_not_run_to_its_end_fails_with_its_reason(status: str) -> None:
    with pytest.raises(ExecutionFailed, match=f"ex-1 is {status}: so it was"):
        require_finished(_described(status), _executed("one"))


def test_what_ran_to_its_end_is_done() -> None:
    require_finished(_described("FINISHED"), _executed("one"))


@pytest.mark.parametrize("parameter", ["components", "=3", "a b=3"])
def test_a_parameter_without_a_name_or_a_value_is_refused(parameter: str) -> None:
    said = CliRunner().invoke(app, ["notebook", "run", "--parameter", parameter])

    assert said.exit_code == 2
    assert f"--parameter {parameter}: accepted: NAME=VALUE" in said.stderr
