"""Commands that only show something say it as JSON, too, and docs/commands.md says what is in it."""

import pytest

from tests.ops.documented import rows_of
from tests.ops.test_exit_codes import COMMANDS

READING = {
    *(("use",), ("status",), ("runs",), ("runs", "diff"), ("results",)),
    *(("probe",), ("spark-ui",), ("preflight",), ("price",), ("review",), ("leaks",)),
}
OTHERS = {
    ("logs",): "a log is text",
    ("watch",): "it shows what changes, and its verdict is the exit code",
    ("report",): "it opens a page, whose facts are in the manifest beside it",
    ("aws", "env"): "a shell reads it",
}
"""Commands that show something and have no JSON, each with the reason."""


def _has_json(path: tuple[str, ...]) -> bool:
    return any("--json" in parameter.opts for parameter in COMMANDS[path].params)


@pytest.mark.parametrize("path", sorted(READING), ids=" ".join)
def test_a_reading_command_has_json_and_its_keys_are_documented(path: tuple[str, ...]) -> None:
    assert _has_json(path)
    assert rows_of(" ".join(path))


def test_no_other_command_has_json_and_those_without_are_named_with_a_reason() -> None:
    assert {path for path in COMMANDS if _has_json(path)} == READING
    assert COMMANDS.keys() > OTHERS.keys()
