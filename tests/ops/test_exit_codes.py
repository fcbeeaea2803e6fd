"""Exit codes: one table, which the page and every command keep to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import ExitCode

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
NOBODY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_PROFILE": None,
}

run = CliRunner().invoke


def _commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *path, name)
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield (*path, name), command


COMMANDS = dict(_commands(typer.main.get_command(app)))
WITH_SETTINGS = [path for path, command in COMMANDS.items() if any("--context" in item.opts for item in command.params)]

DEPLOYING = {("rehearse",), ("review",), ("deploy",)}
"""Commands whose settings have to be complete."""

TAKING_WORDS = {("featurize",), ("run",), ("aws", "shell")}
"""Commands that hand words on, to the job or to a shell."""


def _rows(heading: str) -> list[list[str]]:
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def _mistake(path: tuple[str, ...]) -> ExitCode:
    return ExitCode.INCOMPLETE if path == ("review",) else ExitCode.USAGE


def _needed(path: tuple[str, ...], place: Path) -> list[str]:
    """Return a value for each parameter that a command has to be given."""
    words: list[str] = []
    for item in COMMANDS[path].params:
        if item.required:
            words += [*(name for name in item.opts[:1] if name.startswith("-")), str(place)]
    return words


def test_the_page_has_the_codes_and_what_they_mean() -> None:
    assert _rows("| exit code | meaning |") == [[str(int(code)), code.meaning] for code in ExitCode]


def test_the_page_has_a_row_for_every_command() -> None:
    rows = _rows("| command | 0 | 1 | 2 | 3 |")
    assert {row[0] for row in rows} == {f"`fruits {' '.join(path)}`" for path in COMMANDS}
    assert all(row[1] and row[2] and row[3] for row in rows)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_what_the_help_says_of_codes_is_on_the_page(path: tuple[str, ...]) -> None:
    said = {
        int(code) for code in re.findall(r"(?<![\w.])(\d+)[: ]", (COMMANDS[path].help or "").partition("xit code")[2])
    }
    (row,) = [row for row in _rows("| command | 0 | 1 | 2 | 3 |") if row[0] == f"`fruits {' '.join(path)}`"]
    assert said <= {code for code in range(4) if row[code + 1]}


@pytest.mark.parametrize("path", WITH_SETTINGS, ids=" ".join)
@pytest.mark.parametrize("setting", ["colour=red", "region=us-east-1", "core_vcpus", "env=nowhere"])
def test_a_wrong_setting_has_one_code_in_every_command(path: tuple[str, ...], setting: str, tmp_path: Path) -> None:
    done = run(app, [*path, *_needed(path, tmp_path), "-c", setting], env=NOBODY)
    assert (done.exit_code, done.stdout) == (_mistake(path), "")
    assert done.stderr.startswith(("error: colour: ", f"error: {setting}: ", f"error: -c {setting}: "))


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in TAKING_WORDS], ids=" ".join)
def test_a_word_too_many_has_one_code_in_every_command(path: tuple[str, ...], tmp_path: Path) -> None:
    done = run(app, [*path, *_needed(path, tmp_path), "two", "words", "too many"], env=NOBODY)
    assert (done.exit_code, done.stdout) == (_mistake(path), "")


@pytest.mark.parametrize("path", WITH_SETTINGS, ids=" ".join)
def test_only_what_deploys_asks_for_the_address_of_an_environment(path: tuple[str, ...], tmp_path: Path) -> None:
    done = run(app, [*path, *_needed(path, tmp_path), "-c", "env=prod"], env=NOBODY)
    assert ("error: email: prod needs one" in done.stderr) == (path in DEPLOYING), done.stderr


def test_production_is_priced_without_an_address() -> None:
    assert run(app, ["price", "-c", "env=prod"], env=NOBODY).exit_code == ExitCode.OK
