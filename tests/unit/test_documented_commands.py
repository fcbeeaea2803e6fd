"""Commands of README and docs are ones that there are: the page is wrong, or the command has changed."""

import re

import pytest

from infra.names import STACKS
from tests.documented_commands import (
    ELSEWHERE,
    ROOT,
    Documented,
    documented_commands,
    read_as_the_command_line_does,
)

COMMANDS = list(documented_commands())
_PLACES = {"<data bucket>": "bucket", "s3://…/": "s3://bucket/", "s3://<data bucket>": "s3://bucket"}


def _of(program: str) -> list[Documented]:
    return [command for command in COMMANDS if command.text.startswith(f"{program} ")]


def _name(command: Documented) -> str:
    return f"{command.page}: {command.text}"


@pytest.mark.parametrize("command", _of("fruits"), ids=_name)
def test_each_command_has_the_options_and_arguments_that_a_page_gives_it(command: Documented) -> None:
    text = command.text
    for placeholder, value in _PLACES.items():
        text = text.replace(placeholder, value)
    read_as_the_command_line_does(text)


@pytest.mark.parametrize("command", _of("make"), ids=_name)
def test_each_target_is_one_of_the_makefile(command: Documented) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert command.words[1] in targets


@pytest.mark.parametrize("command", _of("cdk"), ids=_name)
def test_each_stack_is_one_of_ours(command: Documented) -> None:
    assert {word for word in command.words if word.startswith("Fruits")} <= {*STACKS}


def test_what_is_run_elsewhere_is_documented_and_its_test_is_there() -> None:
    for begin, where in ELSEWHERE.items():
        assert any(f"{command.text} ".startswith(begin) for command in COMMANDS), begin
        for path in re.findall(r"tests/[\w/]+\.py", where):
            assert (ROOT / path).exists(), path


def test_most_commands_of_the_day_are_run_by_the_rehearsal() -> None:
    run = {command.words[1] for command in COMMANDS if not command.elsewhere}
    assert run >= {"images", "logs", "preflight", "price", "results", "run", "runs", "status", "watch"}
