"""What a checkout remembers: which source is the stronger, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import DefaultStackSynthesizer

from infra.errors import DeploymentError
from infra.remembered import (
    CONTEXT_VARIABLE,
    FILE,
    FILE_VARIABLE,
    Remembered,
    find_defaults,
    read_app_settings,
    read_remembered,
    run_key,
    write_remembered,
)
from ops.aws.given import read_given

ACCOUNT = "123456789012"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that remembers its environment, an address and a run."""
    monkeypatch.delenv(FILE_VARIABLE)
    settings = {"dev": {"email": "team@example.org", "core_vcpus": "16"}, "demo": {"core_vcpus": "4"}}
    runs = {run_key(ACCOUNT, "eu-west-3", "dev"): "run-20261127-090000"}
    write_remembered(tmp_path / FILE, Remembered(env="dev", settings=settings, runs=runs))
    return tmp_path


def test_the_file_holds_where_nothing_else_is_said(root: Path) -> None:
    found = find_defaults({}, root)
    assert found.context == {"env": "dev", "email": "team@example.org", "core_vcpus": "16"}
    assert set(found.sources.values()) == {FILE}


def test_the_variable_is_stronger_than_the_file_and_what_is_given_than_both(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTEXT_VARIABLE, "env=dev core_vcpus=20 task_spot_vcpus=4")
    found = find_defaults({"task_spot_vcpus": "0"}, root)
    assert found.context == {"env": "dev", "core_vcpus": "20", "email": "team@example.org"}
    assert found.sources["core_vcpus"] == CONTEXT_VARIABLE


def test_settings_of_one_environment_are_none_of_another(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTEXT_VARIABLE, "env=dev task_spot_vcpus=4")
    assert find_defaults({"env": "demo"}, root).context == {"core_vcpus": "4"}


def test_the_app_takes_the_run_that_the_account_has(root: Path, context: dict[str, Any]) -> None:
    def run(**given: str) -> str:
        return read_app_settings(context | given, root, account=given.pop("account", ACCOUNT)).run_id

    assert run() == "run-20261127-090000"
    assert run(run_id="mine") == "mine"
    assert run(env="demo") == "first"
    assert run(region="eu-west-1") == "first"
    assert read_app_settings(context, root, account="999999999999").run_id == "first"
    assert read_app_settings(context, root, account=None).run_id == "first"


def test_the_app_takes_what_made_that_run_a_trial_with_it(root: Path, context: dict[str, Any]) -> None:
    key = run_key(ACCOUNT, "eu-west-3", "dev")
    trial = read_remembered(root / FILE).with_run(key, {"run_id": "tried", "limit": "50", "label": "Fig"})
    write_remembered(root / FILE, trial)
    settings = read_app_settings(context, root, account=ACCOUNT)
    assert (settings.run_id, settings.limit, settings.label) == ("tried", 50, ("Fig",))
    assert read_app_settings(context | {"run_id": "mine"}, root, account=ACCOUNT).limit is None
    whole = read_remembered(root / FILE).with_run(key, {"run_id": "whole"})
    assert (whole.run(key), whole.trials) == ({"run_id": "whole"}, {})


def test_an_empty_name_of_the_file_remembers_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, "")
    assert find_defaults({}, root).context == {}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"env": 7}', b'{"colour": "red"}', b'{"settings": {"dev"'])
def test_a_file_that_is_none_is_named_with_what_to_do(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(DeploymentError, match=rf"{FILE}: not what fruits use writes .*delete it"):
        read_remembered(tmp_path / FILE)


def test_a_variable_without_an_equals_sign_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTEXT_VARIABLE, "env=dev email")
    with pytest.raises(DeploymentError, match=f"{CONTEXT_VARIABLE}: email: expected key=value"):
        find_defaults({}, root)


def test_a_file_that_cannot_be_written_leaves_the_former_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / FILE
    with pytest.raises(DeploymentError, match=f"cannot be written .*{FILE_VARIABLE}"):
        write_remembered(path, Remembered())


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    remembered = Remembered(env="dev", settings={"dev": {"email": "a@example.org"}})
    write_remembered(tmp_path / FILE, remembered)
    assert read_remembered(tmp_path / FILE) == remembered
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8"))["env"] == "dev"
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose ``.cdk.json`` is about the apps of a company."""
    monkeypatch.setenv("HOME", str(tmp_path))
    company = {"vpcId": "vpc-1", "teams": {"data": ["ann"]}, "core_vcpus": "12"}
    (tmp_path / ".cdk.json").write_text(json.dumps({"context": company}), encoding="utf-8")
    return tmp_path


def test_keys_that_the_users_own_file_has_for_other_apps_stop_nothing(home: Path, context: dict[str, Any]) -> None:
    given = context | json.loads((home / ".cdk.json").read_bytes())["context"]
    assert read_app_settings(given, home / "checkout", account=None).core_vcpus == 12


def test_a_mistyped_key_is_refused_whatever_the_users_own_file_has(home: Path, context: dict[str, Any]) -> None:
    with pytest.raises(DeploymentError, match="vpcId: unknown key"):
        read_app_settings(context | {"vpcId": "vpc-2"}, home / "checkout", account=None)
    with pytest.raises(DeploymentError, match="core_vcpu: unknown key; did you mean core_vcpus"):
        read_app_settings(context | {"core_vcpu": "8"}, home / "checkout", account=None)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"context": 3}', b"\xff"])
def test_a_file_of_the_users_own_that_is_none_hides_nothing(
    content: bytes, home: Path, context: dict[str, Any]
) -> None:
    (home / ".cdk.json").write_bytes(content)
    with pytest.raises(DeploymentError, match="vpcId: unknown key"):
        read_app_settings(context | {"vpcId": "vpc-1"}, home / "checkout", account=None)


def test_without_a_qualifier_that_of_the_cdk_is_looked_for() -> None:
    assert read_given([]).qualifier == DefaultStackSynthesizer.DEFAULT_QUALIFIER


def test_without_any_home_nothing_is_left_out(
    context: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)  # a user whom the system does not know
    assert read_app_settings(context, tmp_path, account=None).env == "demo"
