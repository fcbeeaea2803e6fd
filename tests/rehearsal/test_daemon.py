"""Processes that go on by themselves: found by their record or without it, and ended with who started them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from ops.aws.account import Client
from rehearsal import commands
from rehearsal.clients import clients_of
from rehearsal.daemon import Daemon, DaemonFailed
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from tests.rehearsal.clusters import PATIENCE_SECONDS, SERVICE_ROLE, make_roles, wait_for
from tests.rehearsal.small_stacks import CLUSTER

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import signal, sys, time
from pathlib import Path
from rehearsal.daemon import end_with_starter
if __name__ == "__main__":
    end_with_starter()
    Path(sys.argv[1]).touch()
    while True:
        time.sleep(300)
"""
STARTER = """
import sys, time
from pathlib import Path
from tests.rehearsal.test_daemon import daemon_in, start
start(daemon_in(Path(sys.argv[1])), tied=sys.argv[2] == "tied")
print("started", flush=True)
time.sleep(300)
"""
DAMAGES = {
    "no JSON": "{",
    "empty": "",
    "another form": "[1]",
    "a key missing": "{}",
    "of another version": '{"pid": 1}',
}


@dataclass(frozen=True)
class Sleeper:
    pid: int
    started: float
    colour: str


def daemon_in(folder: Path) -> Daemon[Sleeper]:
    return Daemon(Sleeper, "the sleeper", "sleeper", record=folder / "sleeper.json", log=folder / "sleeper.log")


def start(daemon: Daemon[Sleeper], *, tied: bool = False) -> Sleeper:
    folder = daemon.record.parent
    ready = folder / "ready"
    return daemon.start(
        [str(ready)],
        variables={"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        facts={"colour": "green"},
        is_ready=lambda _: ready.exists(),
        tied=tied,
    )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon[Sleeper]]:
    (tmp_path / "sleeper.py").write_text(PROGRAM, encoding="utf-8")
    daemon = daemon_in(tmp_path)
    yield daemon
    daemon.stop()


def test_it_is_found_by_its_record_as_long_as_it_runs(daemon: Daemon[Sleeper]) -> None:
    assert daemon.find() is None
    started = start(daemon)
    assert daemon.find() == started
    assert started.colour == "green"
    assert daemon.stop()
    assert daemon.find() is None
    assert not daemon.stop()


def test_another_process_with_its_number_is_not_taken_for_it(daemon: Daemon[Sleeper]) -> None:
    started = start(daemon)
    text = daemon.record.read_text(encoding="utf-8")
    daemon.stop()
    daemon.record.write_text(text.replace(str(started.pid), str(os.getpid())), encoding="utf-8")
    assert daemon.find() is None


def test_one_that_ends_at_once_says_why(daemon: Daemon[Sleeper]) -> None:
    (daemon.record.parent / "sleeper.py").write_text("raise SystemExit('error: no bed')", encoding="utf-8")
    with pytest.raises(DaemonFailed, match=r"the sleeper did not start: error: no bed \(log: .*sleeper\.log\)"):
        start(daemon)
    assert not daemon.runs()


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_named_and_it_can_be_stopped(daemon: Daemon[Sleeper], content: str) -> None:
    started = start(daemon)
    daemon.record.write_text(content, encoding="utf-8")
    with pytest.raises(DaemonFailed, match=rf"{daemon.record}, the record of the sleeper, is damaged"):
        daemon.find()
    assert daemon.stop()
    assert not psutil.pid_exists(started.pid)


def test_without_its_record_it_can_be_stopped(daemon: Daemon[Sleeper]) -> None:
    started = start(daemon)
    daemon.record.unlink()
    assert daemon.runs()
    assert daemon.stop()
    assert not psutil.pid_exists(started.pid)


@pytest.mark.parametrize("tie", ["tied", "free"])
def test_one_that_is_tied_ends_with_who_started_it_and_another_goes_on(daemon: Daemon[Sleeper], tie: str) -> None:
    command = [sys.executable, "-c", STARTER, str(daemon.record.parent), tie]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "started\n"
        started = daemon.find()
        assert started is not None
        starter.send_signal(signal.SIGKILL)
    if tie == "tied":
        psutil.Process(started.pid).wait(timeout=PATIENCE_SECONDS)
    assert daemon.runs() == (tie == "free")


def test_a_damaged_state_is_named_when_it_starts_and_down_works_all_the_same(tmp_path: Path) -> None:
    place = ["--folder", str(tmp_path / "aws")]
    with embedded_aws(tmp_path / "aws"):
        pass
    state = tmp_path / "aws" / "state" / "iam.json"
    state.write_text(state.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    up = CliRunner().invoke(commands.aws, ["up", *place])
    assert up.exit_code == 1
    assert f"{state}, all that is known of the service iam, is damaged" in up.output
    assert CliRunner().invoke(commands.aws, ["down", "--delete", *place]).exit_code == 0
    assert not (tmp_path / "aws").exists()


def _wait_for_two_hours(client: Client) -> None:
    """Start a state machine that waits, as the guard of the maximum lifetime does during a deployment."""
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 7200, "End": True}}}
    machines = client("stepfunctions")
    role = f"arn:aws:iam::{ACCOUNT}:role/{SERVICE_ROLE}"
    made = machines.create_state_machine(name="wait", definition=json.dumps(definition), roleArn=role)
    machines.start_execution(stateMachineArn=made["stateMachineArn"])


@pytest.mark.long
def test_down_in_the_middle_of_a_deployment_is_one_call(tmp_path: Path) -> None:
    with embedded_aws(tmp_path / "aws", launch="hold") as aws, local_node(aws) as node:
        client = clients_of(aws)
        make_roles(client)
        body = json.dumps({"Resources": CLUSTER})
        client("cloudformation").create_stack(StackName="FruitsCompute-demo", TemplateBody=body)
        _wait_for_two_hours(client)
        wait_for(node.machine("x").parent.exists)
        down = CliRunner().invoke(commands.aws, ["down", "--delete", "--folder", str(tmp_path / "aws")])
        assert down.exit_code == 0, down.output
        assert [pid for pid in (aws.pid, node.pid) if psutil.pid_exists(pid)] == []
    assert not (tmp_path / "aws").exists()


@pytest.mark.parametrize("name", ["aws.json", "node.json"])
def test_the_commands_name_a_damaged_record_and_down_works_all_the_same(tmp_path: Path, name: str) -> None:
    for record in ("aws.json", "node.json"):
        (tmp_path / record).write_text("{}" if record == name else '{"pid": 0, "started": 0}', encoding="utf-8")
    place = ["--folder", str(tmp_path)]
    if name == "aws.json":
        assert f"{tmp_path / name}, the record of" in CliRunner().invoke(commands.aws, ["env", *place]).output
    down = CliRunner().invoke(commands.aws, ["down", "--delete", *place])
    assert down.exit_code == 0, down.output
    wait_for(lambda: not tmp_path.exists())
