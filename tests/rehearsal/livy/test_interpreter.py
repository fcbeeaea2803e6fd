"""What Livy's interpreter answers to the code of a cell."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ops.project import ROOT
from rehearsal.livy.interpreter import Interpreter


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Interpreter:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return Interpreter({"answer": 42, "plt": SimpleNamespace(gcf=Figure)})


class Figure:
    """A figure that is drawn at once."""

    def savefig(self, target: Any, *, format: str) -> None:  # noqa: A002  # matplotlib's name
        target.write(f"drawn as {format}".encode())


def test_what_is_printed_and_the_value_of_the_last_line_are_shown(interpreter: Interpreter) -> None:
    output = interpreter.execute("print('first')\nanswer + 1\nanswer")

    assert output == {"execution_count": 0, "status": "ok", "data": {"text/plain": "first\n42"}}


def test_names_stay_from_cell_to_cell(interpreter: Interpreter) -> None:
    interpreter.execute("def double(x):\n    return 2 * x")

    assert interpreter.execute("double(answer)")["data"] == {"text/plain": "84"}


def test_a_figure_comes_as_png(interpreter: Interpreter) -> None:
    assert interpreter.execute("answer = 1\n%matplot plt")["data"] == {"image/png": "ZHJhd24gYXMgcG5n"}


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("print('x')\n1 / 0", "ZeroDivisionError", "division by zero"),
        ("answer = = 1", "SyntaxError", "invalid syntax (<stdin>, line 1)"),
        ("raise SystemExit(3)", "SystemExit", "3"),
        ("%table x", "UnknownMagic", "unknown magic command 'table'"),
    ],
)
def test_an_error_is_told_and_the_session_goes_on(interpreter: Interpreter, code: str, name: str, value: str) -> None:
    output = interpreter.execute(code)

    assert (output["status"], output["ename"], output["evalue"]) == ("error", name, value)
    assert interpreter.execute("answer")["data"] == {"text/plain": "42"}


def test_the_traceback_begins_in_the_cell(interpreter: Interpreter) -> None:
    told = interpreter.execute("1 / 0")["traceback"]

    assert told[1].startswith('  File "<stdin>", line 1')


def test_what_logs_to_standard_output_still_does_so_in_the_next_cell(interpreter: Interpreter) -> None:
    interpreter.execute("import sys\nkept = sys.stdout")

    assert interpreter.execute("print('later', file=kept)")["data"] == {"text/plain": "later"}


def test_it_needs_the_standard_library_alone() -> None:
    modules = "rehearsal.livy.server, rehearsal.livy.interpreter, rehearsal.livy.relay"
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {modules}"

    assert subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False).returncode == 0
