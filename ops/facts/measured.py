"""Facts that were measured: kept with the commit, the day and the machine, and what they were timed by."""

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.facts.fact import Fact
from ops.project import ROOT

MEASURED: Final = Path(__file__).with_name("measured.json")

_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured.

    Parameters
    ----------
    facts
        The figures, by name.
    code
        By the folder of what measures: the fingerprint that it had when somebody last saw that the figures are still
        what it would time.
    """

    facts: Mapping[str, Fact]
    code: Mapping[str, str]

    def outdated(self, root: Path = ROOT) -> list[str]:
        """Say which code has changed since, so that its figures may mean something else by now."""
        return [
            f"{folder}/ is not what the figures of ops/facts/measured.json were timed by; measure again and enter them"
            f" there, or if it still times the same, enter its fingerprint {now} with what changed"
            for folder, then in self.code.items()
            if (now := fingerprint(root / folder)) != then
        ]


def read_measured(path: Path = MEASURED) -> Measured:
    """Read what was measured: it takes minutes to hours, and another machine would say otherwise."""
    content: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return Measured(
        facts={name: Fact(**entry) for name, entry in content["facts"].items()},
        code={folder: str(entry["fingerprint"]) for folder, entry in content["code"].items()},
    )


def fingerprint(folder: Path) -> str:
    """Return a hash of the modules of a folder that changes with what they do, not with their words or layout."""
    found = hashlib.sha256()
    for module in sorted(folder.rglob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        found.update(f"{module.relative_to(folder).as_posix()}\n{ast.dump(tree)}\n".encode())
    return found.hexdigest()[:16]
