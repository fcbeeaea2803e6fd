"""Facts that were measured: kept with the commit, the day and the machine, and what they were timed by."""

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
        By module of what measures: the fingerprint that it had when somebody last saw that the figures are still what
        it would time.
    """

    facts: Mapping[str, Fact]
    code: Mapping[str, str]

    def outdated(self, root: Path = ROOT) -> list[str]:
        """Return which code has changed since, so that its figures may mean something else by now."""
        return [
            f"{module} is not what the figures of ops/facts/measured.json were timed by; measure again and enter them"
            f" there, or if it still times the same, enter its fingerprint, {now}, and what has changed"
            for module, then in self.code.items()
            if (now := fingerprint(root / module)) != then
        ]


def read_measured(path: Path = MEASURED) -> Measured:
    """Read what was measured: it takes minutes to hours, and another machine would say otherwise."""
    content: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return Measured(
        facts={name: Fact(**entry) for name, entry in content["facts"].items()},
        code=content["code"]["fingerprints"],
    )


def enter(facts: Mapping[str, Fact], why: str | None, date: str, path: Path = MEASURED) -> None:
    """Put new measurements in the place of former ones.

    Parameters
    ----------
    facts
        The measurements, by name.
    why, date
        Why the fingerprints of the benchmark stand for its figures, and since when; None leaves them as they are.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    content["facts"] |= {name: asdict(fact) for name, fact in facts.items()}
    content["facts"] = dict(sorted(content["facts"].items()))
    if why is not None:
        fingerprints = {module: fingerprint(ROOT / module) for module in content["code"]["fingerprints"]}
        content["code"] = {"seen": date, "why": why, "fingerprints": fingerprints}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def fingerprint(module: Path) -> str:
    """Return a hash of what a module does, whatever its words and layout; ``none`` if it is gone."""
    if not module.exists():
        return "none"
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
