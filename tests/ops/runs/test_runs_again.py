"""A transient cluster runs again by a deployment of its stack; nobody works on its step here."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.aws.deployment import find_deployment
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.reports import NodeReports
from tests.ops.commands import Fruits, fruits_with
from tests.rehearsal.clusters import wait_for_another_second

pytestmark = [pytest.mark.server, pytest.mark.long]


@dataclass
class Place:
    """An embedded AWS with a transient deployment."""

    aws: EmbeddedAws
    client: Client

    @property
    def cluster(self) -> str:
        return find_deployment(self.client, env="demo", region=self.aws.region).output("FruitsCompute", "ClusterId")

    def step(self, cluster: str) -> dict[str, str]:
        (step,) = self.client("emr").list_steps(ClusterId=cluster)["Steps"]
        return {"id": step["Id"], "name": step["Name"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, synthesise: Callable[..., Path]) -> Iterator[Place]:
    """Deploy the environment "demo", with a photograph."""
    with embedded_aws(tmp_path_factory.mktemp("again")) as aws:
        client = clients_of(aws)
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        Cdk(synthesise(), aws.environment()).deploy()
        bucket = find_deployment(client, env="demo", region=aws.region).output("FruitsStorage", "DataBucket")
        client("s3").put_object(Bucket=bucket, Key="images/Kiwi/1.jpg", Body=b"a photograph")
        yield Place(aws, client)


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the checkout remembers."""
    return tmp_path_factory.mktemp("checkout") / "remembered.json"


@pytest.fixture
def fruits(place: Place, remembered: Path) -> Fruits:
    return fruits_with(place.aws, FRUITS_FILE=str(remembered))


def test_arguments_of_the_job_are_refused_for_they_are_settings(place: Place, fruits: Fruits) -> None:
    before = place.cluster
    said = fruits("run", "--no-wait", "--", "--components", "7")
    assert (said.exit_code, place.cluster) == (2, before)
    assert "give settings instead, such as -c components=50" in said.stderr


def test_a_run_that_is_at_work_is_not_ended_by_the_next(place: Place, fruits: Fruits) -> None:
    before = place.cluster
    step = place.step(before)
    said = fruits("run", "--no-wait", "--yes")
    assert (said.exit_code, place.cluster) == (1, before)
    assert f"{step['id']} ({step['name']}) is PENDING on {before}, and a new run would end it" in said.stderr
    assert f"fruits watch {step['id']}" in said.stderr
    assert "fruits run --replace" in said.stderr


def test_without_anybody_to_ask_no_cluster_is_started(place: Place, fruits: Fruits) -> None:
    before = place.cluster
    said = fruits("run", "--no-wait", "--replace")
    assert (said.exit_code, place.cluster) == (2, before)
    assert "without confirmation; add --yes" in said.stderr


def test_a_new_run_is_a_new_cluster_with_a_plan_before(place: Place, fruits: Fruits) -> None:
    former = place.cluster
    said = fruits("run", "--no-wait", "--yes", "--replace", "--run-id", "second", "-c", "components=7")
    assert said.exit_code == 0, said.output
    assert place.cluster != former
    step = place.step(place.cluster)
    assert step["name"] == "fruits-demo second"
    lines = said.stdout.splitlines()
    assert lines[0] == "Plan: cdk deploy FruitsCompute -c components=7 -c run_id=second"
    assert "USD an hour by list price; it ends with its job, at the latest after 2 h" in lines[1]
    assert lines[2].startswith("      ends s-")
    assert lines[3] == f"Step {step['id']} on {place.cluster}: fruits-demo second"
    state = place.client("emr").describe_cluster(ClusterId=former)["Cluster"]["Status"]["State"]
    assert state == "TERMINATED"


def test_nothing_differs_after_a_run_though_nobody_names_it(place: Place, fruits: Fruits) -> None:
    said = fruits("review", "--stack", "FruitsCompute", "-c", "components=7")
    assert said.exit_code == 0, said.output
    assert "No differences" in said.stdout


def test_cdk_is_told_of_the_run_by_the_checkout(place: Place, remembered: Path) -> None:
    assert json.loads(remembered.read_bytes())["runs"] == {f"{ACCOUNT}/{place.aws.region}/demo": "second"}


def test_a_trial_is_one_run_after_which_nothing_differs_and_the_next_is_whole(
    place: Place, fruits: Fruits, remembered: Path
) -> None:
    def ran(*options: str) -> list[str]:
        said = fruits("run", "--no-wait", "--yes", "--replace", *options, "-c", "components=7")
        assert said.exit_code == 0, said.output
        (step,) = place.client("emr").list_steps(ClusterId=place.cluster)["Steps"]
        arguments: list[str] = step["Config"]["Args"]
        return arguments

    tried = ran("--run-id", "tried", "--limit", "50", "--label", "Apple Red 1,Fig")
    assert tried[tried.index("--limit") + 1] == "50"
    assert tried[tried.index("--label") + 1] == "Apple Red 1,Fig"
    assert "No differences" in fruits("review", "--stack", "FruitsCompute", "-c", "components=7").stdout
    (kept,) = json.loads(remembered.read_bytes())["trials"].values()
    assert kept == {"limit": "50", "label": "Apple Red 1,Fig"}
    assert "--limit" not in ran("--run-id", "fourth")
    assert json.loads(remembered.read_bytes())["trials"] == {}


def test_a_cluster_that_has_ended_is_no_loss_but_a_new_run_that_costs(place: Place, fruits: Fruits) -> None:
    place.client("emr").terminate_job_flows(JobFlowIds=[place.cluster])
    said = fruits("review", "--stack", "FruitsCompute", "-c", "components=8", "--fail-on", "destructive")
    assert said.exit_code == 0, said.output
    assert "Differences: 1 changed, 1 replaced" in said.stdout
    assert re.search(r"this starts a new run, at least 0\.\d\d USD: the former cluster j-\w+ has ended", said.stdout)


def test_a_cluster_that_fails_to_start_is_told_with_its_reason_and_log(place: Place, fruits: Fruits) -> None:
    wait_for_another_second()  # clusters before and after are told apart by whole seconds
    reports = NodeReports(place.aws)
    reports.choose_launch("fail")
    said = fruits("run", "--no-wait", "--yes", "--replace", "--run-id", "third")
    reports.choose_launch("launch")
    assert said.exit_code == 1
    failed = place.client("emr").list_clusters(ClusterStates=["TERMINATED_WITH_ERRORS"])["Clusters"][0]["Id"]
    assert said.stderr.splitlines()[-1] == (
        f"error: the new cluster {failed} failed: BOOTSTRAP_FAILURE: On the primary instance, bootstrap action 1"
        " returned a non-zero return code; read: fruits logs --bootstrap"
    )
    shown = fruits("runs")
    assert shown.exit_code == 0
    assert "BOOTSTRAP_FAILURE" in shown.stdout
    assert f"fruits logs --bootstrap --cluster {failed}" in shown.stdout
