"""Runs the code of a statement as Livy's interpreter for Python does, and gives what it would answer."""

import ast
import base64
import io
import sys
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any, Final

Output = dict[str, Any]
"""Of a statement: ``status``, ``execution_count``; ``data`` by MIME type, or ``ename``, ``evalue``, ``traceback``."""

_TEXT: Final = "text/plain"
_FILE: Final = "<stdin>"


class UnknownMagic(Exception):
    """A line asks for a magic that is not there."""


class Interpreter:
    """Keeps the names of a session.

    Parameters
    ----------
    names
        What code finds at first, such as ``spark``.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = {"__name__": "__main__", **names}
        self._count = 0
        self._printed = io.StringIO()

    def execute(self, code: str) -> Output:
        """Run the code of a cell to its end or its first error; neither ends the session."""
        sys.stdout = sys.stderr = self._printed  # for good: what logs to one of them still does so in a later cell
        self._printed.seek(0)
        self._printed.truncate()
        head: Output = {"execution_count": self._count}
        self._count += 1
        data: dict[str, str] = {}
        try:
            for part in _parts(code):
                data |= self._show(part[1:]) if isinstance(part, str) else self._run(part)
        except BaseException as error:  # SystemExit, too, is one in a cell, and not the end of the session
            return {**head, "status": "error", **_error_output(error)}
        if text := self._printed.getvalue().rstrip("\n"):
            data[_TEXT] = text
        return {**head, "status": "ok", "data": data or {_TEXT: ""}}

    def _run(self, code: CodeType) -> dict[str, str]:
        exec(code, self._names)
        return {}

    def _show(self, line: str) -> dict[str, str]:
        """Show the current figure of the module that ``%matplot`` names as PNG."""
        magic, _, name = line.strip().partition(" ")
        if magic != "matplot":
            raise UnknownMagic(f"unknown magic command '{magic}'")
        picture = io.BytesIO()
        self._names[name.strip()].gcf().savefig(picture, format="png")
        return {"image/png": base64.b64encode(picture.getvalue()).decode("ascii")}


def _error_output(error: BaseException) -> Output:
    """Return an error as output, without our own part of its traceback."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = traceback.format_exception(error.with_traceback(trace))
    return {"ename": type(error).__name__, "evalue": str(error), "traceback": lines}


def _parts(code: str) -> Iterator[CodeType | str]:
    """Cut a cell at its magics: lines with a percent sign at their start, which Python does not understand."""
    lines: list[str] = []
    for line in code.splitlines():
        if line.startswith("%"):
            yield from _compiled(lines)
            yield line
            lines = []
        else:
            lines.append(line)
    yield from _compiled(lines)


def _compiled(lines: list[str]) -> Iterator[CodeType]:
    """Compile statements; of the last one an interpreter shows the value."""
    body = ast.parse("\n".join(lines), _FILE).body
    if body[:-1]:
        yield compile(ast.Module(body[:-1], []), _FILE, "exec")
    if body:
        yield compile(ast.Interactive(body[-1:]), _FILE, "single")
