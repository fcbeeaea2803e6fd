"""Commands of README and docs are ones that there are: the page is wrong, or the command has changed."""

import re
from typing import Any

import pytest
import typer

from infra.names import STACKS
from job.arguments import parse_arguments
from ops.cli import app
from tests.documented_commands import ELSEWHERE, ROOT, Documented, documented_commands

COMMANDS = list(documented_commands())
_PLACES = {"<data bucket>": "bucket", "s3://…/": "s3://bucket/", "s3://<data bucket>": "s3://bucket"}


def _of(program: str) -> list[Documented]:
    return [command for command in COMMANDS if command.text.startswith(f"{program} ")]


def _name(command: Documented) -> str:
    return f"{command.page}: {command.text}"


def _parse(words: list[str]) -> None:
    """Read a command line as the command does, and what it hands on as the job does, without running either."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    handed_on = command.make_context("fruits", words).args
    if handed_on:
        parse_arguments(["--images", "s3://bucket/images", "--output", "s3://bucket/results", *handed_on])


@pytest.mark.parametrize("command", _of("fruits"), ids=_name)
def test_each_command_has_the_options_and_arguments_that_a_page_gives_it(command: Documented) -> None:
    text = command.text
    for placeholder, value in _PLACES.items():
        text = text.replace(placeholder, value)
    _parse(Documented(command.page, text).words[1:])


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
    assert run >= {"images", "logs", "preflight", "price", "results", "review", "run", "runs", "status", "watch"}
