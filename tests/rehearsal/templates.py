"""Templates of a synthesised app."""

import json
from pathlib import Path
from typing import Any


def template(app: Path, stack: str) -> dict[str, Any]:
    """Read the template of a stack."""
    content: dict[str, Any] = json.loads((app / f"{stack}.template.json").read_text(encoding="utf-8"))
    return content


def properties(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of a type."""
    return [item["Properties"] for item in content["Resources"].values() if item["Type"] == kind]
