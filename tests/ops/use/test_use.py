"""`fruits use` as a user types it, and the place that all commands then are about."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from tests.ops.documented import assert_documented

Use = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "remembered.json"


@pytest.fixture
def fruits(file: Path) -> Use:
    """The commands in a checkout that has nothing to remember yet."""
    environment = {"FRUITS_FILE": str(file), "COLUMNS": "120"}
    return lambda *arguments, **more: CliRunner().invoke(app, arguments, env=environment | more)


def test_what_is_chosen_holds_for_all_commands_until_it_is_forgotten(fruits: Use) -> None:
    said = fruits("use", "env=dev", "email=team@example.org")
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("Environment dev in eu-west-3 (env, email from .fruits.json)\n")
    assert "Environment dev in eu-west-3" in fruits("price").stderr
    assert "Environment demo in eu-west-3 (the default)" in fruits("use", "--forget").stdout


def test_what_is_given_is_stronger_and_needs_no_reason(fruits: Use) -> None:
    fruits("use", "env=dev")
    assert fruits("price", "-c", "env=demo").stderr == ""


def test_a_shell_may_be_about_another_environment(fruits: Use) -> None:
    fruits("use", "env=dev")
    said = fruits("price", FRUITS_CONTEXT="env=prod email=team@example.org")
    assert said.stderr.splitlines()[0] == "Environment prod in eu-west-3 (env, email from FRUITS_CONTEXT)"


def test_one_setting_is_forgotten_by_an_empty_value(fruits: Use) -> None:
    fruits("use", "env=dev", "core_vcpus=16")
    shown = json.loads(fruits("use", "core_vcpus=", "--json").stdout)
    assert_documented("use", shown)
    assert shown["settings"] == [{"key": "env", "value": "dev", "source": ".fruits.json"}]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (["env=nowhere"], "env=nowhere: not an environment; accepted: demo, dev, prod, verifya, verifyb"),
        (["core_vcpus=three"], "core_vcpus=three: not a whole number; accepted: 4 to 2000 vCPUs"),
        (["env"], "env: expected key=value, such as core_vcpus=16"),
        (["run_id=third"], "run_id: is not remembered: it names one run"),
        (["limit=50"], "limit: is not remembered: it makes a trial of one run; give it to fruits run"),
        (["remove_data=true"], "remove_data: is not remembered"),
        (["--forget", "env=dev"], "env=dev: --forget forgets everything"),
    ],
)
def test_what_is_not_accepted_is_not_remembered(settings: list[str], complaint: str, fruits: Use, file: Path) -> None:
    said = fruits("use", *settings)
    assert (said.exit_code, said.stdout) == (2, "")
    assert complaint in said.stderr
    assert not file.exists()


def test_a_wrong_value_that_nobody_has_just_typed_is_told_with_its_source(fruits: Use) -> None:
    said = fruits("price", FRUITS_CONTEXT="core_vcpus=three")
    assert said.exit_code == 2
    assert said.stderr.rstrip().endswith("(from FRUITS_CONTEXT; see: fruits use)")


def test_nothing_is_remembered_where_nothing_is_to_be(fruits: Use) -> None:
    said = fruits("use", "env=dev", FRUITS_FILE="")
    assert said.exit_code == 2
    assert "FRUITS_FILE is empty" in said.stderr
