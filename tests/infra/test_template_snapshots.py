import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from infra.templates import Deployment, Template, text

STACKS: dict[str, dict[str, Any]] = {
    "FruitsStorage": {},
    "FruitsNetwork": {},
    "FruitsGuard": {},
    "FruitsCompute": {},
    "FruitsBudget": {"region": "eu-north-1"},
    "FruitsNotebook": {"mode": "interactive", "notebook": True},
}


def _plain(value: Any) -> Any:
    """Write references in one word, and leave out tags and the hashes of assets."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return _plain(text(value))
        plain = {key: _plain(part) for key, part in value.items() if key != "Tags"}
        if isinstance(plain.get("Resource"), list):
            plain["Resource"].sort()  # the CDK sorts by hashes of assets, too
        return plain
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return re.sub(r"[0-9a-f]{64}", "<sha256>", value) if isinstance(value, str) else value


def _lines(template: Template) -> Iterator[str]:
    """Write a line for each resource and each of its properties: what a reviewer wants to see changed."""
    for name, resource in template.body["Resources"].items():
        yield f"{name}  {resource['Type']}"
        for key, value in _plain(resource.get("Properties", {})).items():
            yield f"    {key}: {json.dumps(value, ensure_ascii=False)}"


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_changes_only_on_purpose(
    stack: str, deploy: Callable[..., Deployment], snapshot: SnapshotAssertion
) -> None:
    (template,) = (item for item in deploy(**STACKS[stack]).templates if f"{stack}." in item.path)
    assert "\n".join(_lines(template)) == snapshot
