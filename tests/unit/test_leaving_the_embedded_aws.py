"""A shell that has used an embedded AWS: how it comes back, and that it never goes on with real credentials unasked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

from ops.aws.account import AwsRefused, asking
from rehearsal import commands
from rehearsal.embedded.aws import EmbeddedAws, leave_shell

AWS = EmbeddedAws(folder="/aws", port=4, inside_port=5, region="eu-west-3", pid=0, started=0.0)


def _in_bash(script: str) -> str:
    command = ["bash", "-c", f"set -eu\n{script}"]
    environment = {"PATH": os.environ["PATH"], "AWS_PROFILE": "real"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_shell_that_has_left_it_has_no_variable_of_it() -> None:
    names = " ".join(AWS.variables())
    shown = f'for name in {names}; do echo "$name=${{!name-}}"; done; type -t aws || true'
    inside = _in_bash(f"{AWS.shell()}\n{shown}")
    assert f"AWS_ENDPOINT_URL={AWS.endpoint}" in inside
    assert inside.splitlines()[-1] == "function"
    left = _in_bash(f"{AWS.shell()}\n{leave_shell()}\n{shown}").splitlines()
    assert [line for line in left if "=" in line and not line.endswith("=")] == []
    assert left[-1] != "function"


def test_where_it_does_not_run_a_shell_goes_no_further(tmp_path: Path) -> None:
    said = CliRunner().invoke(commands.aws, ["env", "--folder", str(tmp_path)])
    assert (said.exit_code, said.stdout) == (1, "false\n")
    assert "start it: fruits aws up" in said.output
    with pytest.raises(subprocess.CalledProcessError):
        _in_bash(f"eval '{said.stdout}' && echo went on")


@pytest.mark.parametrize(
    ("endpoint", "advice"),
    [("https://127.0.0.1:4", "start it: fruits aws up"), ("https://emr.example.org", "Could not connect")],
)
def test_a_dead_endpoint_is_named_with_the_way_back(
    endpoint: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(AwsRefused, match=advice), asking("list the clusters"):
        raise EndpointConnectionError(endpoint_url=endpoint)


def test_a_region_outside_the_union_is_refused_before_it_starts(tmp_path: Path) -> None:
    said = CliRunner().invoke(commands.aws, ["up", "--region", "mars", "--folder", str(tmp_path / "aws")])
    assert said.exit_code == 2
    assert "--region mars: not a region of the European Union" in said.output
    assert not (tmp_path / "aws").exists()


def test_its_commands_are_found_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from rehearsal.commands import _FOLDER; print(_FOLDER)"]
    path = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_absolute()
