"""Docstrings begin with the usual verbs, so that they can be read in passing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imports import PROJECT

UNUSUAL = {"Give", "Say", "Tell", "Whether"}
"""First words where something is returned; the usual ones are "Return" and, of a generator, "Yield"."""

NOT_CALLED = {"property", "cached_property", "contextmanager", "fixture"}
"""Decorators of what is described, not told to do something."""

_BEGINS = re.compile(rf'"""\s*(?:{"|".join(sorted(UNUSUAL))})\b')


def _decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        yield called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)


def unusual(module: str) -> list[str]:
    """Return the functions of a module that return something, and whose docstring begins with another verb."""
    if not _BEGINS.search(module):  # parsing takes a hundred times longer
        return []
    return [
        f"{node.name}: {words[0]}"
        for node in ast.walk(ast.parse(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.returns is not None
        and ast.unparse(node.returns) != "None"
        and not NOT_CALLED & {*_decorators(node)}
        and (words := (ast.get_docstring(node) or "-").split())[0] in UNUSUAL
    ]


@pytest.mark.parametrize("top", ["app.py", "infra", "job", "ops", "rehearsal", "bench", "tests"])
def test_what_is_returned_is_said_to_be_returned(top: str) -> None:
    path = PROJECT / top
    modules: list[Path] = [path] if path.is_file() else sorted(path.rglob("*.py"))
    assert modules
    found = {module.relative_to(PROJECT).as_posix(): unusual(module.read_text(encoding="utf-8")) for module in modules}
    assert {module: functions for module, functions in found.items() if functions} == {}


def test_another_verb_is_found() -> None:
    code = '''
def a() -> int:
    """Give the number."""

async def b() -> bool:
    """Tell whether it is there."""

def c() -> None:
    """Tell EventBridge."""

class D:
    @property
    def e(self) -> bool:
        """Whether it is there."""

@pytest.fixture(scope="module")
def f() -> int:
    """Give a number."""
'''
    assert unusual(code) == ["a: Give", "b: Tell"]
