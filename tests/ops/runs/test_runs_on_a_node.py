"""A real run from upload to results, as a user makes it: the node installs the packages and runs the step."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.aws.cdk import Cdk
from ops.aws.given import read_given
from ops.aws.synthesis import synthesise
from ops.local.sample import LABELS, render_sample
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from tests.ops.commands import Fruits, fruits_with

pytestmark = pytest.mark.server

DEV = ("-c", "env=dev", "-c", "task_spot_vcpus=0")
PHOTOGRAPHS = 36


@pytest.fixture(scope="module")
def fruits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fruits]:
    """An interactive deployment with photographs, and a node that works."""
    folder = tmp_path_factory.mktemp("node")
    render_sample(folder / "photographs", per_label=6, labels=LABELS[: PHOTOGRAPHS // 6])
    with embedded_aws(folder / "aws", launch="hold") as aws, local_node(aws, log_seconds=1):
        commands = fruits_with(aws)
        app = synthesise(folder / "app", read_given(DEV[1::2]), environment=aws.environment())
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        Cdk(app.folder, aws.environment()).deploy("FruitsStorage")
        assert commands("upload", str(folder / "photographs"), *DEV).exit_code == 0
        Cdk(app.folder, aws.environment()).deploy()
        yield commands


def test_a_run_is_made_watched_listed_and_its_results_are_fetched(fruits: Fruits, tmp_path: Path) -> None:
    said = fruits("run", *DEV, "--run-id", "real", "--look-every", "0.3", "--", "--components", "3")
    assert said.exit_code == 0, said.output
    assert f"% of {PHOTOGRAPHS} photographs" in said.stdout
    assert f"INFO {PHOTOGRAPHS} photographs, {PHOTOGRAPHS} to featurize" in said.stdout
    assert f"{PHOTOGRAPHS} ({PHOTOGRAPHS} computed now, 0 reused)" in said.stdout

    (listed,) = json.loads(fruits("runs", *DEV, "--json").stdout)["completed"]
    assert (listed["label"], listed["images"], listed["components"]) == ("real", PHOTOGRAPHS, 3)

    fetched = fruits("results", *DEV, "--no-browser", "--output", str(tmp_path), "--sample", "12")
    assert fetched.exit_code == 0, fetched.output
    folder = tmp_path / "reports" / listed["run"]
    assert (folder / "report.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    with (folder / "projections-sample.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["uri"] for row in rows}) == 12
    assert {"pc1", "pc2", "pc3"} <= rows[0].keys()

    log = fruits("logs", *DEV)
    assert log.exit_code == 0
    assert json.loads(log.stdout.splitlines()[-1])["run"] == listed["run"]
    assert "No broken requirements found" in fruits("logs", *DEV, "--bootstrap").stdout


def test_a_run_that_fails_ends_with_what_the_job_says(fruits: Fruits) -> None:
    said = fruits("run", *DEV, "--look-every", "0.3", "--", "--weights", "s3://nobodys-bucket/model.tflite")
    assert said.exit_code == 1
    reason = said.stderr.splitlines()[0].removeprefix("failed: ")
    assert "s3://nobodys-bucket/model.tflite" in reason
    log = fruits("logs", *DEV)
    assert log.stderr.splitlines()[0].endswith(f" failed: {reason}")
    assert reason in fruits("runs", *DEV).stdout.splitlines()[0]
