"""Runs on an interactive cluster as a user sees them; a test reports what the node does."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from job.storage.trial import Trial
from ops.aws.account import AwsRefused, Client
from ops.clock import Clock
from ops.runs.watch import Watch
from tests.ops.commands import Fruits, fruits_with, in_the_foreground
from tests.ops.documented import assert_documented
from tests.ops.runs.clocks import Hours, clock_of_events
from tests.ops.runs.interactive import DEV, TRACEBACK, Place
from tests.ops.runs.results_by_hand import RUN, manifest, put_log
from tests.rehearsal.clusters import PATIENCE_SECONDS, wait_for_another_second
from tests.rehearsal.users import keys_of_user

if TYPE_CHECKING:
    from types_boto3_emr.type_defs import StepConfigTypeDef

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("_clean")]


def _begin(place: Place) -> str:
    """Take the step that was submitted last to RUNNING."""
    step = place.unfinished()
    assert step is not None
    place.node.step(place.cluster, step, "RUNNING")
    return step


def _ends_as(place: Place, state: str) -> Clock:
    """Return a clock by which the step that was submitted last begins and ends during the first wait."""

    def work() -> Iterator[None]:
        place.node.step(place.cluster, _begin(place), state)
        yield

    return clock_of_events(work())


def test_a_run_is_submitted_with_its_label_and_its_arguments(place: Place, fruits: Fruits) -> None:
    said = fruits("run", *DEV, "--no-wait", "--run-id", "blue", "--", "--components", "7")
    assert said.exit_code == 0, said.output
    step = place.steps()[0]
    assert f"Step {step['Id']} on {place.cluster}: fruits-dev blue" in said.stdout
    assert step["Name"] == "fruits-dev blue"
    arguments = step["Config"]["Args"]
    assert arguments[arguments.index("--run-label") + 1] == "blue"
    assert arguments[arguments.index("--components") + 1] == "7"
    assert "--variance" not in arguments
    assert arguments[:3] == ["spark-submit", "--deploy-mode", "client"]


def test_arguments_that_the_job_refuses_never_reach_the_cluster(place: Place, fruits: Fruits) -> None:
    before = len(place.steps())
    said = fruits("run", *DEV, "--no-wait", "--", "--componets", "7")
    assert (said.exit_code, len(place.steps())) == (2, before)
    assert said.stderr == "error: unrecognized arguments: --componets 7; --help lists the arguments\n"


def test_a_run_is_watched_to_its_end(place: Place, fruits: Fruits) -> None:
    def work() -> Iterator[None]:
        step = _begin(place)
        place.results.plan(4)
        place.results.commit(2)
        yield
        place.results.commit(1, "quarantine")
        yield
        place.log(step, "stdout", "2026-11-22 19:01:33,120 INFO 4 photographs\nSpark's own\n")
        yield
        place.results.forget_plan()
        yield
        place.results.complete()
        place.node.step(place.cluster, step, "COMPLETED")

    said = fruits("run", *DEV, clock=clock_of_events(work()))
    assert said.exit_code == 0, said.output
    told = ["50 % of 4", "70 % of 4", "INFO 4 photographs", "all featurized", "COMPLETED", "2 hold 95.30%"]
    places = [said.stdout.index(line) for line in told]
    assert places == sorted(places)
    assert "Spark's own" not in said.stdout


def test_a_trial_is_submitted_as_one_and_watched_where_its_results_go(place: Place, fruits: Fruits) -> None:
    trial = Trial.of(4, ["Kiwi"])
    assert trial is not None
    apart = place.results.below(trial.results)

    def work() -> Iterator[None]:
        step = _begin(place)
        place.results.plan(8)
        apart.plan(4)
        apart.commit(2)
        yield
        apart.forget_plan()
        apart.complete(label="few", trial=trial.facts())
        place.node.step(place.cluster, step, "COMPLETED")

    clock = clock_of_events(work())
    said = fruits("run", *DEV, "--run-id", "few", "--limit", "4", "--label", "Kiwi", clock=clock)
    assert said.exit_code == 0, said.output
    arguments = place.steps()[0]["Config"]["Args"]
    assert arguments[-4:] == ["--limit", "4", "--label", "Kiwi"]
    assert "50 % of 4 photographs" in said.stdout
    assert f"/{trial.results}/reports/" in said.stdout


def test_batches_of_earlier_runs_do_not_count_as_progress(place: Place, fruits: Fruits) -> None:
    place.results.commit(3)
    wait_for_another_second()

    def work() -> Iterator[None]:
        step = _begin(place)
        place.results.plan(4)
        yield
        place.node.step(place.cluster, step, "COMPLETED")

    said = fruits("run", *DEV, clock=clock_of_events(work()))
    assert "0 % of 4 photographs" in said.stdout
    assert "70 % of 4" not in said.stdout


def test_a_run_with_nothing_new_says_so(place: Place, fruits: Fruits) -> None:
    said = fruits("run", *DEV, clock=_ends_as(place, "COMPLETED"))
    assert said.exit_code == 0
    assert "Nothing was new: the results are those of an earlier run" in said.stdout


def test_a_failed_run_ends_with_its_exception_and_code_1(place: Place, fruits: Fruits) -> None:
    def work() -> Iterator[None]:
        step = _begin(place)
        place.log(step, "stdout", TRACEBACK)
        place.node.step(place.cluster, step, "FAILED", failure={"Message": "what EMR says"})
        yield

    said = fruits("run", *DEV, clock=clock_of_events(work()))
    assert said.exit_code == 1
    step = place.steps()[0]["Id"]
    assert said.stderr == f"failed: ValueError: too red\nRead more: fruits logs {step} -c env=dev\n"


def test_a_cancelled_run_ends_with_code_1(place: Place, fruits: Fruits) -> None:
    said = fruits("run", *DEV, clock=_ends_as(place, "CANCELLED"))
    assert said.exit_code == 1
    assert "is CANCELLED" in said.stderr


@pytest.mark.parametrize(
    ("options", "state", "told"),
    [
        ((), "RUNNING", "goes on by itself. Watch it: fruits watch"),
        (("--cancel-on-interrupt",), "CANCEL_PENDING", "is being cancelled"),
    ],
)
def test_an_interrupt_ends_with_code_130(place: Place, options: tuple[str, ...], state: str, told: str) -> None:
    command = in_the_foreground("run", *DEV, "--look-every", "0.2", *options)
    with subprocess.Popen(
        command, env=place.aws.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("step" in line and line.endswith("PENDING\n") for line in process.stdout)
        _begin(place)
        assert any("step" in line and line.endswith("RUNNING\n") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert told in stderr
    assert place.steps()[0]["Status"]["State"] == state
    if state == "CANCEL_PENDING":
        place.node.step(place.cluster, place.steps()[0]["Id"], "CANCELLED")


@pytest.fixture
def unsteady(place: Place) -> tuple[Client, threading.Event]:
    """Clients of the account, and an event during which they find nobody at its address."""
    gone = threading.Event()
    nobody = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-3")
    away = nobody.client("emr", endpoint_url="https://127.0.0.1:1", config=Config(retries={"total_max_attempts": 1}))

    def client(service: str) -> Any:
        return away if gone.is_set() else place.client(service)

    return client, gone


def test_a_watch_outlives_an_aws_that_is_out_of_reach(
    place: Place, fruits: Fruits, unsteady: tuple[Client, threading.Event]
) -> None:
    client, gone = unsteady
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]
    moments = Watch(client, place.cluster, step, place.deployment.output("FruitsStorage", "OutputUri"), 0.1).moments()
    assert next(moments).trouble == ""
    gone.set()
    assert "Could not connect to the endpoint URL" in next(moments).trouble
    gone.clear()
    place.node.step(place.cluster, step, "RUNNING")
    place.node.step(place.cluster, step, "COMPLETED")
    (last,) = moments
    assert (last.succeeded, last.trouble) == (True, "")


def test_a_watch_gives_an_aws_up_that_stays_out_of_reach(
    place: Place, fruits: Fruits, unsteady: tuple[Client, threading.Event]
) -> None:
    client, gone = unsteady
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]
    output = place.deployment.output("FruitsStorage", "OutputUri")
    moments = Watch(client, place.cluster, step, output, 0.1, Hours().clock()).moments()
    next(moments)
    gone.set()
    with pytest.raises(AwsRefused, match=f"{step} goes on by itself"):
        next(moments)


def test_without_photographs_no_run_is_started(place: Place, fruits: Fruits) -> None:
    s3, bucket = place.client("s3"), place.deployment.output("FruitsStorage", "DataBucket")
    s3.delete_object(Bucket=bucket, Key="images/Kiwi/1.jpg")
    said = fruits("run", *DEV, "--no-wait")
    s3.put_object(Bucket=bucket, Key="images/Kiwi/1.jpg", Body=b"a photograph")
    assert said.exit_code == 1
    uri = place.deployment.output("FruitsStorage", "ImagesUri")
    assert said.stderr == f"error: no photographs in {uri}; upload some: fruits images upload FOLDER -c env=dev\n"


def test_what_is_not_deployed_is_said_with_the_command_that_deploys_it(fruits: Fruits) -> None:
    for command in ("run", "runs", "results"):
        said = fruits(command, "-c", "env=demo")
        assert said.exit_code == 1
        assert "-demo is not deployed in eu-west-3; deploy it: cdk deploy Fruits" in said.stderr
        assert len(said.stderr.splitlines()) == 1


def test_without_credentials_one_line_says_how_to_get_some(place: Place) -> None:
    nobody = fruits_with(place.aws, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    for command in ("run", "runs", "logs", "results"):
        said = nobody(command, *DEV)
        assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
        assert "no AWS credentials; log in (aws sso login)" in said.stderr


@pytest.mark.parametrize(
    ("command", "denied"),
    [("run", "elasticmapreduce:AddJobFlowSteps"), ("logs", "elasticmapreduce:ListSteps"), ("runs", "s3:ListBucket")],
)
def test_a_right_that_is_missing_is_named(place: Place, command: str, denied: str) -> None:
    place.failed_step("denied")
    said = fruits_with(place.aws, **keys_of_user(place.client, deny=denied))(command, *DEV)
    assert said.exit_code == 1
    assert "access denied" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_who_may_not_read_logs_learns_what_emr_says(place: Place) -> None:
    step = place.failed_step("secret", Message="what EMR says")
    place.log(step, "stdout", TRACEBACK)
    said = fruits_with(place.aws, **keys_of_user(place.client, deny="s3:GetObject"))("runs", *DEV)
    assert said.exit_code == 0
    assert "fruits-dev secret: what EMR says" in said.stdout


def test_a_wrong_setting_is_wrong_usage(fruits: Fruits) -> None:
    said = fruits("runs", "-c", "core_vcpus=none")
    assert said.exit_code == 2
    assert "core_vcpus=none" in said.stderr


def test_the_history_shows_failures_first_then_results_newest_first(place: Place, fruits: Fruits) -> None:
    place.results.complete("a" * 16, "older")
    wait_for_another_second()
    place.results.complete("b" * 16, "newer", computed=0)
    step = place.failed_step("broken", Message="EMR knows little")
    place.log(step, "stdout", TRACEBACK)
    said = fruits("runs", *DEV)
    assert said.exit_code == 0
    told = ["fruits-dev broken: ValueError: too red", f"fruits logs {step}", "newer", "older"]
    places = [said.stdout.index(line) for line in told]
    assert places == sorted(places)


def test_a_run_that_waits_or_was_cancelled_is_in_the_history(place: Place, fruits: Fruits) -> None:
    step: StepConfigTypeDef = {
        "Name": "fruits-dev waits",
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]},
    }
    added = place.client("emr").add_job_flow_steps(JobFlowId=place.cluster, Steps=[step])["StepIds"][0]
    waiting = fruits("runs", *DEV).stdout
    assert re.search(r"^waiting .* fruits-dev waits: the cluster j-\w+ is (RUNNING|WAITING)$", waiting, re.MULTILINE)
    assert f"fruits watch {added} -c env=dev" in waiting
    place.client("emr").cancel_steps(ClusterId=place.cluster, StepIds=[added])
    cancelled = fruits("runs", *DEV).stdout
    assert "fruits-dev waits: cancelled on request before it began" in cancelled


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "Expecting value"),
        (b'{"run": "0123', "Unterminated string"),
        (
            b"[]",
            "results/reports/0123456789abcdef/manifest.json is not a manifest: all of it: no table of keys and values",
        ),
        (b"\xff\xfe", "decode"),
        (b"[" * 100_000, "nested too deeply"),
        (json.dumps(manifest("../../../../home/x")).encode(), "run: not of the accepted form"),
        (json.dumps(manifest("b" * 16)).encode(), f"it is of the run {'b' * 16}"),
        (json.dumps(manifest() | {"counts": {"images": -1}}).encode(), "counts.images"),
        (json.dumps(manifest() | {"seconds": {"total": "long"}}).encode(), "seconds.total"),
        (json.dumps(manifest() | {"label": "x" * 3000}).encode(), "label"),
        (b" " * ((1 << 20) + 1), "at most 1,048,576 are accepted"),
    ],
)
def test_a_damaged_manifest_is_named_and_hides_no_other_run(
    place: Place, fruits: Fruits, content: bytes, wrong: str, tmp_path: Path
) -> None:
    place.results.put(f"reports/{RUN}/manifest.json", content)
    place.results.complete("c" * 16, "whole")
    said = fruits("runs", *DEV)
    assert said.exit_code == 0
    assert f"reports/{RUN}/manifest.json is not a manifest: " in said.stderr
    assert wrong in said.stderr
    assert "delete it" in said.stderr
    assert "whole" in said.stdout
    fetched = fruits("results", *DEV, "--no-browser", "--output", str(tmp_path / "inside" / "out"))
    assert fetched.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert (tmp_path / "inside" / "out" / "reports" / ("c" * 16) / "report.html").exists()


def test_a_label_cannot_steer_the_terminal(place: Place, fruits: Fruits) -> None:
    place.results.complete(label="\x1b[2Jevil")
    said = fruits("runs", *DEV)
    assert "\x1b" not in said.stdout
    assert "[2Jevil" in said.stdout


def test_no_cell_of_the_sample_is_a_formula(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete()
    place.results.project(2, label="=HYPERLINK(1)")
    fruits("results", *DEV, "--no-browser", "--output", str(tmp_path))
    sample = (tmp_path / "reports" / RUN / "projections-sample.csv").read_text()
    assert "'=HYPERLINK(1)" in sample
    assert ",=" not in sample


def test_projections_that_are_damaged_are_named(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete()
    place.results.put(f"projections/pca={RUN}/part-1.parquet", b"PAR1 not really")
    said = fruits("results", *DEV, "--no-browser", "--output", str(tmp_path))
    assert said.exit_code == 1
    assert "part-1.parquet has no projections" in said.stderr


def test_the_history_as_json_has_every_number(place: Place, fruits: Fruits) -> None:
    place.results.complete(label="once")
    place.failed_step("shown")
    content = json.loads(fruits("runs", *DEV, "--json").stdout)
    assert_documented("runs", content)
    (run,) = content["completed"]
    assert {key: run[key] for key in run if key != "when"} == {
        "run": RUN,
        "label": "once",
        "images": 4,
        "computed": 4,
        "quarantined": 1,
        "components": 2,
        "explained": 0.953,
        "accuracy": None,
        "seconds": 75.0,
        "rate": 2.0,
        "engine": "litert",
        "trial": None,
    }
    assert {"cluster", "step", "name", "state", "when", "why"} == set(content["others"][0])


def test_the_history_fits_80_columns(place: Place) -> None:
    place.results.complete(label="a-label-that-goes-on-and-on-for-much-too-long")
    said = fruits_with(place.aws, COLUMNS="80")("runs", *DEV)
    table = said.stdout[said.stdout.index("When") :]
    assert max(map(len, table.splitlines())) <= 80
    assert "1 min 15 s" in table


def test_logs_begin_with_the_exception_of_a_failed_step(place: Place, fruits: Fruits) -> None:
    step = place.failed_step("red")
    place.log(step, "stdout", TRACEBACK)
    said = fruits("logs", *DEV)
    assert said.exit_code == 0
    assert said.stderr.startswith(f"{step} failed: ValueError: too red\nTraceback")
    assert said.stdout == TRACEBACK
    assert said.output.index("failed:") < said.output.index("INFO begun")


def test_a_killed_driver_is_said_to_be_killed(place: Place, fruits: Fruits) -> None:
    step = place.failed_step("killed")
    place.log(step, "stdout", "INFO begun\n")
    place.log(step, "stderr", "WARN lost task: Traceback (most recent call last):\n  File 'x'\nOSError: once\n")
    place.log(step, "controller", "Command exiting with ret '137'\n")
    said = fruits("logs", step, *DEV)
    assert f"{step} failed: the driver was killed by signal 9 (SIGKILL); the system does that" in said.stderr


def test_another_log_of_another_step_can_be_asked_for(place: Place, fruits: Fruits) -> None:
    step = place.failed_step("one")
    place.failed_step("two")
    place.log(step, "controller", "of one\n")
    assert fruits("logs", step, "--file", "controller", *DEV).stdout == "of one\n"


def test_a_log_that_is_not_there_yet_is_said_not_to_be(place: Place, fruits: Fruits) -> None:
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]
    said = fruits("logs", *DEV)
    assert said.exit_code == 1
    assert f"{step} has not started, so there is no s3://" in said.stderr
    place.node.step(place.cluster, step, "RUNNING")
    said = fruits("logs", *DEV)
    assert said.exit_code == 1
    assert "is not there yet, EMR brings logs about every five minutes; wait: fruits logs" in said.stderr


def test_a_log_is_followed_until_the_step_ends(place: Place, fruits: Fruits) -> None:
    assert fruits("run", *DEV, "--no-wait").exit_code == 0

    def work() -> Iterator[None]:
        step = _begin(place)
        place.log(step, "stdout", "one\n")
        yield
        place.log(step, "stdout", "one\ntwo\n")
        place.node.step(place.cluster, step, "COMPLETED")

    said = fruits("logs", "--follow", *DEV, clock=clock_of_events(work()))
    assert (said.exit_code, said.stdout) == (0, "one\ntwo\n")


def test_logs_of_the_bootstrap_action_are_shown_node_by_node(place: Place, fruits: Fruits) -> None:
    uri = place.deployment.output("FruitsStorage", "LogUri")
    assert "no stderr of a bootstrap action" in fruits("logs", "--bootstrap", "--file", "stderr", *DEV).stderr
    put_log(place.client, uri, f"{place.cluster}/node/i-1/bootstrap-actions/1/stderr", "no such wheel\n")
    said = fruits("logs", "--bootstrap", "--file", "stderr", *DEV)
    assert (said.stdout, said.stderr) == ("no such wheel\n", "i-1 action 1\n")


def test_a_step_that_emr_does_not_know_is_said_so(fruits: Fruits) -> None:
    said = fruits("logs", "s-NONE", *DEV)
    assert said.exit_code == 1
    assert "no step s-NONE of a cluster fruits-dev that EMR still knows in eu-west-3" in said.stderr


def test_what_was_fetched_is_told_as_json(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete()
    said = fruits("results", *DEV, "--json", "--output", str(tmp_path))
    assert said.exit_code == 0, said.output
    content = json.loads(said.stdout)
    assert_documented("results", content)
    assert Path(content["report"]).read_bytes() == b"<html>report</html>"
    assert content["run"]["label"] == "first"


def test_results_are_fetched(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete()
    place.results.project(40)
    said = fruits("results", *DEV, "--no-browser", "--output", str(tmp_path), "--sample", "5")
    assert said.exit_code == 0, said.output
    folder = tmp_path / "reports" / RUN
    assert (folder / "report.html").read_bytes() == b"<html>report</html>"
    assert '"components": 2' in (folder / "manifest.json").read_text()
    lines = (folder / "projections-sample.csv").read_text().splitlines()
    assert lines[:3] == [
        "uri,label,split,pc1,pc2",
        "s3://data/Kiwi/0.jpg,Kiwi,train,0.0,0.5",
        "s3://data/Kiwi/8.jpg,Kiwi,train,8.0,0.5",
    ]
    assert len(lines) == 6
    assert f'FROM "fruits_dev"."projections"\nWHERE "pca" = \'{RUN}\'' in said.stdout


def test_results_of_a_run_whose_projections_are_gone_say_so(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete()
    said = fruits("results", *DEV, "--no-browser", "--output", str(tmp_path))
    assert said.exit_code == 0
    assert "The projections of this run are gone" in said.stderr


def test_a_run_is_chosen_by_its_label(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete("a" * 16, "older")
    place.results.complete("b" * 16, "newer")
    options = ("--no-browser", "--output", str(tmp_path))
    assert fruits("results", *DEV, *options, "--run", "older").exit_code == 0
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["a" * 16]
    said = fruits("results", *DEV, *options, "--run", "none")
    assert said.exit_code == 1
    assert "no run none below s3://" in said.stderr


def test_photographs_are_uploaded_to_the_deployment(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    (tmp_path / "Pear").mkdir()
    (tmp_path / "Pear" / "1.jpg").write_bytes(b"a pear")
    uri = place.deployment.output("FruitsStorage", "ImagesUri")
    said = fruits("images", "upload", str(tmp_path), *DEV)
    assert said.exit_code == 0
    assert said.stdout == f"{uri}: 1 uploaded (0.00 MiB), 0 there already, 1 only there (--delete removes them)\n"
    refused = fruits("images", "upload", str(tmp_path), "--delete", *DEV)
    assert refused.exit_code == 2
    assert "  Kiwi/1.jpg" in refused.stdout
    assert "nobody to ask whether these may be deleted" in refused.stderr
    deleted = fruits("images", "upload", str(tmp_path), "--delete", "--yes", *DEV)
    assert deleted.exit_code == 0
    assert "1 deleted" in deleted.stdout


def test_a_cluster_that_is_gone_is_said_to_be(place: Place, fruits: Fruits) -> None:
    """The last test: nothing brings the cluster back."""
    assert fruits("run", *DEV, "--no-wait", "--run-id", "lost").exit_code == 0
    place.client("emr").terminate_job_flows(JobFlowIds=[place.cluster])
    said = fruits("run", *DEV, "--run-id", "late")
    assert said.exit_code == 1
    assert said.stderr == (
        f"error: the cluster {place.cluster} of fruits-dev has ended (USER_REQUEST: Terminated by user request);"
        " start a new one: cdk deploy FruitsCompute -c env=dev -c run_id=late\n"
    )
    history = fruits("runs", *DEV).stdout
    assert f"fruits-dev lost: its cluster {place.cluster} ended: USER_REQUEST: Terminated by user request" in history
