"""How an environment stands and what it has run, as a user sees them; a test writes what jobs leave."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ops.cli import app
from ops.runs.steps import complete_step
from tests.ops.commands import Fruits, fruits_with
from tests.ops.documented import assert_documented
from tests.ops.runs.clocks import clock_of_events
from tests.ops.runs.interactive import DEV, TRACEBACK, Place
from tests.ops.runs.results_by_hand import RUN, put_log

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("_clean")]

MONDAY, TUESDAY = "2026-11-23T09:00:00+00:00", "2026-11-24T09:00:00+00:00"


def test_every_run_has_a_line_and_says_what_it_computed(place: Place, fruits: Fruits) -> None:
    place.results.complete(label="again", computed=0)
    place.results.record("first", MONDAY)
    place.results.record("again", TUESDAY, "unchanged", counts={**_counts(), "computed": 0})
    said = fruits("runs", *DEV)
    assert said.exit_code == 0, said.output
    lines = {line.split()[2]: line for line in said.stdout.splitlines() if line.startswith("2026-11-2")}
    assert re.search(r"first\s+[0-9a-f]{16}\s+4\s+4\s+1", lines["first"])
    assert re.search(r"again\s+[0-9a-f]{16}\s+4\s+0\s+1", lines["again"])


def _counts() -> dict[str, object]:
    return {"images": 4, "features": 3, "computed": 4, "reused": 0, "quarantined": 1, "reasons": {}}


def test_runs_that_emr_has_forgotten_are_told_with_their_end(place: Place, fruits: Fruits) -> None:
    place.results.record("broken", MONDAY, "failed", error="no photograph could be used")
    place.results.record("gone", TUESDAY, "running")
    said = fruits("runs", *DEV).stdout
    assert re.search(r"^failed .* broken: no photograph could be used$", said, re.MULTILINE)
    assert re.search(r"^lost .* gone: it began, and never wrote that it had ended$", said, re.MULTILINE)


def test_a_damaged_record_is_named_and_hides_no_other(place: Place, fruits: Fruits) -> None:
    place.results.record("whole", MONDAY)
    place.results.put("runs/2026-broken.json", b'{"label": "x"')
    said = fruits("runs", *DEV)
    assert "runs/2026-broken.json is not a record of a run" in said.stderr
    assert "whole" in said.stdout


def test_a_record_of_results_that_it_does_not_name_is_no_record(place: Place, fruits: Fruits) -> None:
    place.results.record("empty", MONDAY, counts=None)
    said = fruits("runs", *DEV)
    assert "empty.json is not a record of a run (completed.counts)" in said.stderr


def test_two_runs_are_compared(place: Place, fruits: Fruits) -> None:
    place.results.record("monday", MONDAY, probe={"accuracy": 0.9})
    counts = {**_counts(), "images": 6, "reasons": {"not decodable": 1}}
    place.results.record("tuesday", TUESDAY, counts=counts, probe={"accuracy": 0.95}, seconds={"total": 150.0})
    said = fruits("runs", "diff", "monday", "tuesday", *DEV)
    assert said.exit_code == 0, said.output
    rows = {line.split("  ")[0].strip(): line.split()[-3:] for line in said.stdout.splitlines() if line.strip()}
    assert rows["Photographs"] == ["4", "6", "+2"]
    assert rows["Probe"][-2:] == ["+5.00", "points"]
    assert rows["Took"][-2:] == ["x", "2.00"]
    assert rows["EUR on this cluster"][-2:] == ["x", "2.00"]
    content = json.loads(fruits("runs", "diff", "monday", "tuesday", "--json", *DEV).stdout)
    assert_documented("runs diff", content)
    assert (content["first"]["label"], content["second"]["images"]) == ("monday", 6)
    assert {"what": "not decodable", "first": "0", "second": "1"} in content["rows"]


def test_a_trial_is_told_from_whole_runs_wherever_runs_are_shown(place: Place, fruits: Fruits, tmp_path: Path) -> None:
    place.results.complete(label="monday")
    place.results.record("monday", MONDAY)
    trial: dict[str, Any] = {"limit": 50, "labels": ["Fig"], "results": "trials/0123456789abcdef"}
    place.results.record("tried", TUESDAY, trial=trial)
    assert re.search(r"^2026-11-24 .* tried \(trial\)", fruits("runs", *DEV).stdout, re.MULTILINE)
    completed = json.loads(fruits("runs", "--json", *DEV).stdout)["completed"]
    assert {run["label"]: run["trial"] for run in completed} == {"monday": None, "tried": trial}
    assert "tried, 2026-11-24 09:00 UTC, a trial (at most 50 of Fig): 4" in fruits("status", *DEV).stdout

    compared = fruits("runs", "diff", "monday", "tried", *DEV)
    assert re.search(r"^Trial +no +at most 50 of Fig", compared.stdout, re.MULTILINE)
    assert "A trial takes other photographs than a whole run" in compared.stderr
    assert fruits("runs", "diff", "monday", "monday", *DEV).stderr == ""

    place.results.below(trial["results"]).complete(label="tried", trial=trial)
    options = ["--no-browser", "--output", str(tmp_path), *DEV]
    whole, tried = fruits("results", *options), fruits("results", "--run", "tried", *options)
    assert f"/results/{trial['results']}/reports/{RUN}/report.html" in tried.stdout.replace("\n", "")
    assert "trials/" not in whole.stdout
    assert ("In Athena" in whole.stdout, "In Athena" in tried.stdout) == (True, False)


def test_a_comparison_with_nothing_names_the_command_that_lists_runs(place: Place, fruits: Fruits) -> None:
    place.results.record("monday", MONDAY)
    said = fruits("runs", "diff", "monday", "never", *DEV)
    assert said.exit_code == 1
    assert "no run never below" in said.stderr


def test_what_is_not_deployed_has_a_first_command(fruits: Fruits) -> None:
    said = fruits("status", "-c", "env=demo")
    assert said.exit_code == 0, said.output
    assert "none of fruits-demo in eu-west-3" in said.stdout
    assert re.search(r"^Next +cdk deploy FruitsStorage -c env=demo$", said.stdout, re.MULTILINE)


def test_a_shell_is_offered_the_steps_of_the_environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in place.aws.environment().items():
        monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
    step = place.failed_step("red")
    command = typer.main.get_command(app).commands["watch"]  # type: ignore[attr-defined]
    context = typer.Context(command)
    context.params["values"] = ["env=dev"]
    assert (step, "fruits-dev red, FAILED") in complete_step(context, step[:4])
    context.params["values"] = ["env=nowhere"]
    assert complete_step(context, "") == []


def test_the_status_follows_a_run_from_its_start_to_its_results(place: Place, fruits: Fruits) -> None:
    place.results.record("monday", MONDAY)
    step = place.failed_step("red")
    assert re.search(rf"^Next +fruits logs {step} -c env=dev$", fruits("status", *DEV).stdout, re.MULTILINE)
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]
    standing = json.loads(fruits("status", "--json", *DEV).stdout)
    assert_documented("status", standing)
    assert standing["next"] == f"fruits watch {step} -c env=dev"
    assert standing["stacks"]["FruitsCompute"] == "CREATE_COMPLETE"
    assert standing["cluster"]["id"] == place.cluster
    assert standing["last_run"]["label"] == "monday"
    place.node.step(place.cluster, step, "RUNNING")
    place.node.step(place.cluster, step, "COMPLETED")
    said = fruits("status", *DEV).stdout
    assert re.search(r"^Cost .*USD \(.* EUR\) so far", said, re.MULTILINE)
    assert re.search(r"^Last run +monday, .* UTC: 4 photographs, 4 new, 2 components *$", said, re.MULTILINE)
    assert re.search(r"^Next +fruits results -c env=dev$", said, re.MULTILINE)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_status_fits_the_terminal(place: Place, columns: str) -> None:
    said = fruits_with(place.aws, COLUMNS=columns)("status", *DEV)
    assert max(map(len, said.stdout.splitlines())) <= int(columns)


def test_a_run_can_be_watched_again_with_the_same_exit_code(place: Place, fruits: Fruits) -> None:
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]

    def work() -> Iterator[None]:
        place.node.step(place.cluster, step, "RUNNING")
        place.results.plan(4)
        place.results.commit(2)
        yield
        place.log(step, "stdout", TRACEBACK)
        place.node.step(place.cluster, step, "FAILED")
        yield

    said = fruits("watch", *DEV, clock=clock_of_events(work()))
    assert said.exit_code == 1
    assert "50 % of 4 photographs" in said.stdout
    assert "failed: ValueError: too red" in said.stderr
    assert fruits("watch", step, *DEV).exit_code == 1


def test_a_log_that_is_followed_ends_with_the_verdict_of_its_step(place: Place, fruits: Fruits) -> None:
    assert fruits("run", *DEV, "--no-wait").exit_code == 0
    step = place.steps()[0]["Id"]

    def work() -> Iterator[None]:
        place.node.step(place.cluster, step, "RUNNING")
        place.log(step, "stdout", TRACEBACK)
        place.node.step(place.cluster, step, "FAILED")
        yield

    said = fruits("logs", "--follow", *DEV, clock=clock_of_events(work()))
    assert said.exit_code == 1
    assert f"{step} FAILED" in said.stderr


def test_the_logs_of_executors_are_those_of_the_step(place: Place, fruits: Fruits) -> None:
    step = place.failed_step("lost")
    said = fruits("logs", step, "--executors", "--file", "stderr", *DEV)
    assert said.exit_code == 1
    assert f"no stderr of an executor of {step}" in said.stderr
    uri = place.deployment.output("FruitsStorage", "LogUri")
    place.log(step, "stderr", "INFO Submitted application application_17_0002\n")
    for number in (1, 2):
        path = f"{place.cluster}/containers/application_17_000{number}/container_17_0{number}/stderr"
        put_log(place.client, uri, path, f"of application {number}\n")
    said = fruits("logs", step, "--executors", "--file", "stderr", *DEV)
    assert (said.exit_code, said.stdout) == (0, "of application 2\n")
    assert "application_17_0002 container_17_02" in said.stderr


def test_the_logs_of_livy_and_the_gateway_are_shown_once_they_are_there(place: Place, fruits: Fruits) -> None:
    said = fruits("logs", "--notebooks", *DEV)
    assert said.exit_code == 1
    assert f"no log of Livy or the gateway of {place.cluster}" in said.stderr
    uri = place.deployment.output("FruitsStorage", "LogUri")
    for path in ("livy/livy-livy-server.out", "jupyter-enterprise-gateway/gateway.log", "spark/spark.log"):
        put_log(place.client, uri, f"{place.cluster}/node/i-1/applications/{path}", f"of {path}\n")
    said = fruits("logs", "--notebooks", *DEV)
    assert said.exit_code == 0
    assert sorted(said.stdout.splitlines()) == [
        "of jupyter-enterprise-gateway/gateway.log",
        "of livy/livy-livy-server.out",
    ]
    assert "i-1 livy livy-livy-server.out" in said.stderr


def test_one_log_is_asked_for_at_a_time(fruits: Fruits) -> None:
    said = fruits("logs", "--executors", "--follow", *DEV)
    assert said.exit_code == 2
    assert "accepted: one of them" in said.stderr


def test_without_a_studio_no_notebook_is_run(fruits: Fruits) -> None:
    said = fruits("notebook", "run", *DEV)
    assert said.exit_code == 1
    assert "fruits-dev has no Studio, whose role runs notebooks; deploy one" in said.stderr
