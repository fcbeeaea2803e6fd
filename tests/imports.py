"""Which module of this repository imports which, read from the sources: nothing is loaded, late imports count, too."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parent.parent
OURS = ("bench", "infra", "job", "ops", "rehearsal", "tests")
_TARGET = re.compile(rf"(?:{'|'.join(OURS)})(?:\.\w+)+:\w+")
"""What is loaded by its name, such as the commands of `ops.cli`."""


def sources(*packages: str) -> dict[str, str]:
    """Read the modules of packages, by their dotted names."""
    files = (file for package in packages for file in sorted((PROJECT / package).rglob("*.py")))
    return {_dotted(file.relative_to(PROJECT)): file.read_text(encoding="utf-8") for file in files}


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(module: str, source: str) -> Iterator[str]:
    """Yield the dotted names that a module imports; in `from a import b`, and where it loads ``a:b``, that is `a.b`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(origin), level=0, names=names):
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Constant(value=str(text)) if _TARGET.fullmatch(text):
                yield text.replace(":", ".")
            case ast.ImportFrom(lineno=line):
                raise AssertionError(f"{module}, line {line}: a relative import; give the whole name")


def imports_of_ours(module: str, source: str) -> set[str]:
    """Return what of this repository a module imports."""
    return {name for name in imported(module, source) if name.split(".")[0] in OURS}


def plain(modules: Mapping[str, str]) -> frozenset[str]:
    """Return the modules that need nothing but the standard library and one another."""
    found: frozenset[str] = frozenset()
    while more := {name for name, source in modules.items() if _needs_only(found, name, source)} - found:
        found |= more
    return found


def _needs_only(known: Set[str], module: str, source: str) -> bool:
    return all(
        name.split(".")[0] in sys.stdlib_module_names or any(is_within(name, other) for other in known)
        for name in imported(module, source)
    )


def is_within(name: str, package: str) -> bool:
    """Return whether a dotted name is a package or something in it."""
    return name == package or name.startswith(f"{package}.")


def graph(modules: Mapping[str, str]) -> dict[str, set[str]]:
    """Return for each module the modules among them that it imports."""
    return {
        module: {found for name in imports_of_ours(module, source) if (found := _module_of(name, modules))} - {module}
        for module, source in modules.items()
    }


def _module_of(name: str, modules: Mapping[str, str]) -> str | None:
    candidates = (name, name.rpartition(".")[0])
    return next((candidate for candidate in candidates if candidate in modules), None)


def circle(arrows: Mapping[str, Set[str]]) -> list[str]:
    """Return the modules of one circle of imports, in order; nothing if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []
