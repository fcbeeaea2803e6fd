"""The embedded AWS judges the product, so it must not ask the product."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
EMBEDDED = "rehearsal.embedded"
OURS = ("bench", "infra", "job", "ops", "rehearsal", "tests")


def _imports_of_ours(tree: ast.Module) -> Iterator[str]:
    """Give what a module of the embedded AWS takes from elsewhere in this repository, wherever it says so."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                # In `from rehearsal import node` the module is what is imported.
                found = [f"{module}.{alias.name}" for alias in names]
            case ast.ImportFrom(level=level) if level:
                found = ["rehearsal: a relative import"]
            case _:
                continue
        yield from (name for name in found if _is_foreign(name))


def _is_foreign(name: str) -> bool:
    inside = name == EMBEDDED or name.startswith(f"{EMBEDDED}.")
    return name.replace(":", ".").split(".")[0] in OURS and not inside


@pytest.mark.parametrize(
    "module", sorted((PROJECT / "rehearsal" / "embedded").rglob("*.py")), ids=lambda path: path.stem
)
def test_no_module_of_the_embedded_aws_imports_what_it_judges(module: Path) -> None:
    assert list(_imports_of_ours(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import ops.review.replacement",
        "from infra.settings import Settings",
        "from job import plan",
        "from rehearsal import node",
        "from rehearsal.scenario.checks import check_run",
        "from .. import node",
        "def late() -> None:\n    from ops.review.replacement import effect_of",
    ],
)
def test_an_import_of_the_product_is_found(line: str) -> None:
    assert list(_imports_of_ours(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["import cfnlint", "from rehearsal.embedded import vanilla", "from rehearsal.embedded.aws import ACCOUNT"]
)
def test_an_import_of_its_own_is_none(line: str) -> None:
    assert not list(_imports_of_ours(ast.parse(line)))
