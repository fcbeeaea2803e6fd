"""The command around the scenario: what it refuses, how it is interrupted, and what it shows."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from rich.console import Console
from typer.testing import CliRunner

from ops.build.wheelhouse import this_machine
from ops.cli import app
from rehearsal import commands
from rehearsal.embedded.aws import find_aws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import find_node
from rehearsal.scenario.deploy import why
from rehearsal.scenario.photographs import find_photographs
from rehearsal.scenario.stages import Ended, Report, Stage, StageFailed, run_stages
from rehearsal.scenario.view import LiveView, PlainView, duration
from tests.rehearsal.clusters import SPARK_PATIENCE_SECONDS, wait_for
from tests.rehearsal.scenarios import Recorder

ROOT = Path(__file__).resolve().parents[2]
runner = CliRunner()


def test_wrong_settings_are_refused_before_anything_starts(tmp_path: Path) -> None:
    done = runner.invoke(app, ["rehearse", "-c", "region=us-east-1", "--folder", str(tmp_path / "aws")])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: region=us-east-1:")
    assert not (tmp_path / "aws").exists()


def test_another_architecture_is_refused_and_says_why(tmp_path: Path) -> None:
    other = {"x86_64": "arm64", "arm64": "x86_64"}[this_machine()]
    done = runner.invoke(app, ["rehearse", "-c", f"architecture={other}", "--folder", str(tmp_path / "aws")])
    assert done.exit_code == 2
    assert f"error: architecture={other}: " in done.stderr
    assert f"rehearse with -c architecture={this_machine()}" in done.stderr
    assert "Rehearsal FAILED" not in done.stderr


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    with embedded_aws(tmp_path) as aws:
        done = runner.invoke(app, ["rehearse", "--folder", str(tmp_path)])
        assert done.exit_code == 1
        assert f"is at work in {tmp_path} (process {aws.pid}); wait for its end" in done.stderr
        assert "aws down" not in done.stderr
        assert find_aws(tmp_path) == aws


def test_what_can_be_known_is_refused_before_the_first_stage(tmp_path: Path) -> None:
    mine = tmp_path / "photographs"
    mine.mkdir()
    (mine / "1.jpg").write_bytes(b"mine")
    own = ("--folder", str(tmp_path / "aws"))
    for options, complaint in (
        (("--images", str(tmp_path / "nowhere"), *own), "nowhere: no such folder"),
        (("--images", str(mine), *own), "has 1 photographs; a rehearsal adds"),
        (("--output", str(mine / "1.jpg" / "out"), *own), "nothing can be written there (Not a directory)"),
        (("--folder", str(mine)), "was not made by an embedded AWS, and is left alone"),
    ):
        done = runner.invoke(app, ["rehearse", *options])
        assert done.exit_code == 2
        assert complaint in done.stderr
        assert "Rehearsal FAILED" not in done.stderr
        assert f"aws down --folder {mine}" not in done.stderr
    assert (mine / "1.jpg").read_bytes() == b"mine"
    assert not (tmp_path / "aws").exists()


def test_too_few_photographs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Fig").mkdir()
    (tmp_path / "Fig" / "1.jpg").write_bytes(b"")
    with pytest.raises(StageFailed, match=r"has 1 photographs; .* needs 18"):
        find_photographs(tmp_path)


@pytest.mark.long
def test_ended_from_outside_it_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "aws"
    program = "import typer; from rehearsal.rehearse import rehearse; typer.run(rehearse)"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--folder", str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr)
        assert any("[ 2/13]" in line for line in lines)
        assert find_aws(folder) is not None
        process.send_signal(signal.SIGTERM)
        said = "".join(lines)
    assert process.returncode == 130, said
    assert f"Rehearsal stopped: all processes are stopped, logs are in {folder}" in said
    assert (find_aws(folder), find_node(folder)) == (None, None)
    assert (folder / "aws.log").exists()


def _of(folder: Path) -> list[str]:
    """List the command lines of what runs for a rehearsal: it has the rehearsal's folder in them or its variables."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [*process.cmdline(), *process.environ().values()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.long
def test_killed_in_the_middle_of_a_deployment_nothing_of_it_lives_on(tmp_path: Path, photographs: Path) -> None:
    folder, temporary = tmp_path / "aws", tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "ops.cli", "rehearse", "--folder", str(folder), "--images", str(photographs)]
    variables = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: process.poll() is not None or [*folder.glob("nodes/*/home")], SPARK_PATIENCE_SECONDS)
        assert process.poll() is None
        process.kill()
    wait_for(lambda: not _of(folder), SPARK_PATIENCE_SECONDS)
    assert (find_aws(folder), find_node(folder)) == (None, None)
    assert [*temporary.iterdir()] == []


def test_the_first_stage_that_fails_is_the_last_that_runs() -> None:
    def fail(report: Report) -> str:
        report("trying")
        raise StageFailed("it is broken")

    recorder = Recorder()
    stages = [Stage("one", lambda _report: "done"), Stage("two", fail), Stage("three", lambda _report: "done")]
    with pytest.raises(StageFailed, match="it is broken") as failed:
        run_stages(stages, recorder)
    assert failed.value.stage == "two"
    assert recorder.begun == ["one", "two"]
    assert [(ended.state, ended.detail) for ended in recorder.ended] == [("passed", "done"), ("failed", "")]
    assert recorder.reported == ["trying"]


def test_an_error_nobody_expects_is_told_with_its_place() -> None:
    with pytest.raises(StageFailed, match=r"^ZeroDivisionError in test_scenario_command\.py:\d+: division by zero$"):
        run_stages([Stage("divide", lambda _report: str(1 / 0))], Recorder())


def test_an_error_that_is_expected_is_told_by_its_message() -> None:
    def refuse(_report: Report) -> str:
        raise OSError("no space left")

    with pytest.raises(StageFailed, match=r"^no space left$"):
        run_stages([Stage("write", refuse)], Recorder(), expected=(OSError,))


@pytest.mark.parametrize("width", [80, 120])
def test_each_stage_has_one_line_at_a_terminal(width: int) -> None:
    console = Console(width=width)
    names = ["Deploy network, guards, cluster", "Run the job", "Nothing is left"]
    view = LiveView(console, "Rehearsal", names)
    view.begin(names[0])
    view.end(Ended(names[0], "passed", 47.2, "s3://a-bucket-with-a-long-name-that-does-not-fit/images/" * 2))
    view.begin(names[1])
    view.report("step RUNNING, 212 photographs done")
    with console.capture() as captured:
        console.print(view)
    lines = captured.get().splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= width
    assert "ok" in lines[1]
    assert "47.2 s" in lines[1]
    assert lines[4].strip() == "step RUNNING, 212 photographs done"


def test_elsewhere_each_stage_has_plain_lines() -> None:
    console = Console(width=80)
    with console.capture() as captured, PlainView(console, "Rehearsal", ["Run the job"]) as view:
        view.begin("Run the job")
        view.report("step RUNNING")
        view.end(Ended("Run the job", "failed", 75.0, ""))
    assert captured.get().splitlines() == ["Rehearsal", "[ 1/1] Run the job", "        FAILED in 1 min 15 s"]


def test_durations_are_written_for_people() -> None:
    assert [duration(seconds) for seconds in (4.25, 59.94, 252)] == ["4.2 s", "59.9 s", "4 min 12 s"]


def test_of_what_the_cdk_said_the_failed_resource_is_told() -> None:
    text = "\n".join(
        [
            "FruitsCompute-demo | 3/9 | 6:58 PM | CREATE_FAILED | AWS::EMR::Cluster | Cluster (X1) BOOTSTRAP_FAILURE",
            "FruitsCompute-demo | 3/9 | 6:58 PM | ROLLBACK_FAILED | AWS::CloudFormation::Stack | FruitsCompute-demo",
            "❌  FruitsCompute (FruitsCompute-demo) failed: DeploymentError: in a failed state",
        ]
    )
    assert why(text) == "AWS::EMR::Cluster CREATE_FAILED: Cluster (X1) BOOTSTRAP_FAILURE"
    assert why("❌  no credentials") == "no credentials"
    assert why("") == "it said nothing"


@pytest.mark.long
def test_a_node_starts_and_ends_with_the_embedded_aws_if_asked_to(tmp_path: Path) -> None:
    started = runner.invoke(commands.aws, ["up", "--node", "--folder", str(tmp_path)])
    assert started.exit_code == 0
    node = find_node(tmp_path)
    assert node is not None
    assert f"Node of its clusters, log {node.log}" in started.output
    assert runner.invoke(commands.aws, ["down", "--folder", str(tmp_path)]).exit_code == 0
    assert (find_aws(tmp_path), find_node(tmp_path)) == (None, None)
