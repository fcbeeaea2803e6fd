"""The product holds no function and no class that only tests, or nobody, uses."""

import ast
import re
from collections import Counter
from collections.abc import Mapping

from tests.imports import PROJECT, sources

CALLED_BY_OTHERS = {"load_ipython_extension", "on_config", "on_files"}
"""Functions that IPython and MkDocs find by their names."""


def unused(modules: Mapping[str, str], named_elsewhere: str = "") -> list[str]:
    """Return the functions and classes of modules that are named nowhere but where they are defined."""
    words = Counter(re.findall(r"\w+", "\n".join((*modules.values(), named_elsewhere))))
    return [
        f"{module}.{node.name}"
        for module, text in modules.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.decorator_list
        and words[node.name] == 1
    ]


def test_nothing_of_the_product_is_there_for_tests_alone() -> None:
    named = "\n".join(
        (PROJECT / path).read_text(encoding="utf-8") for path in ("Makefile", "app.py", "notebooks/fruits.py")
    )
    product = sources("bench", "infra", "job", "ops", "rehearsal")
    assert {name for name in unused(product, named) if name.rpartition(".")[2] not in CALLED_BY_OTHERS} == set()


def test_a_function_that_nobody_calls_is_found() -> None:
    assert unused({"job.a": "def b() -> None: ...\n\ndef c() -> None:\n    b()"}, "") == ["job.a.c"]
