"""The link to Spark's own pages, as a user asks for it, of a cluster that runs and of one that has ended."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops.aws.account import Client
from ops.aws.clusters import Cluster
from ops.clock import Clock
from ops.runs.spark_ui import NoSparkUi, link_to_history
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from tests.ops.commands import Fruits, fruits_with
from tests.ops.documented import assert_documented
from tests.ops.runs.clocks import Hours
from tests.rehearsal.clusters import make_roles, run_cluster, wait_for_state

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def account(own_aws: EmbeddedAws) -> Client:
    client = clients_of(own_aws)
    make_roles(client)
    return client


@pytest.fixture
def fruits(own_aws: EmbeddedAws) -> Fruits:
    return fruits_with(own_aws)


def _once(wait: Callable[[], None]) -> Clock:
    return Clock(wait=lambda _: wait())


def test_without_a_cluster_the_next_command_is_named(fruits: Fruits) -> None:
    said = fruits("spark-ui")
    assert (said.exit_code, "EMR knows no cluster fruits-demo" in said.stderr) == (1, True)


def test_the_link_is_asked_for_until_the_history_server_is_ready(account: Client, fruits: Fruits) -> None:
    cluster_id = run_cluster(account, Name="fruits-demo")
    waits: list[None] = []
    said = fruits("spark-ui", "--json", clock=_once(lambda: waits.append(None)))
    content = json.loads(said.stdout)
    assert_documented("spark-ui", content)
    assert (content["cluster"], len(waits)) == (cluster_id, 1)
    assert ".emrappui-prod.eu-west-3.amazonaws.com/shs/" in content["url"]


def test_a_cluster_that_has_ended_still_has_its_pages(account: Client, fruits: Fruits) -> None:
    cluster_id = run_cluster(account, Name="fruits-demo")
    account("emr").terminate_job_flows(JobFlowIds=[cluster_id])
    wait_for_state(account, cluster_id, "TERMINATED")
    said = fruits("spark-ui", "--cluster", cluster_id, clock=Hours().clock())
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("https://p-")


def test_a_history_server_that_does_not_get_ready_is_given_up_and_named() -> None:
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-3")
    emr: Any = session.client("emr")
    now = datetime(2026, 11, 27, tzinfo=UTC)
    arn = "arn:aws:elasticmapreduce:eu-west-3:111122223333:cluster/j-1"
    ended: Any = {"state": "TERMINATED", "code": "", "message": "", "created": now, "ready": now, "ended": now}
    cluster = Cluster(id="j-1", name="fruits-demo", arn=arn, **ended)
    with Stubber(emr) as stub:
        stub.add_response("create_persistent_app_ui", {"PersistentAppUIId": "p-1"})
        for _ in range(2):
            stub.add_response("get_persistent_app_ui_presigned_url", {"PresignedURLReady": False})
        with pytest.raises(NoSparkUi, match="p-1 of j-1 was not ready in 300 s; ask again"):
            link_to_history(lambda _: emr, cluster, seconds=5, clock=Hours().clock(), show=lambda _: None)
