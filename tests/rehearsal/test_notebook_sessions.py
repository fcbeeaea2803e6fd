"""A few cells by EMR's gateway and sparkmagic to a session of Spark on a node, and what an open session does to it."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.clients import clients_of
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from rehearsal.node.machine import instance_id
from tests.ops.notebook.notebooks import execute, with_cells
from tests.rehearsal.clusters import wait_for
from tests.rehearsal.nodes import Place, RunningCluster, make_bare_account, step

IDLE_SCALE = 0.05
"""A minute, EMR's shortest idle stop, is then 3 seconds."""

FOR_NOTEBOOKS = [{"Name": name} for name in ("Spark", "Livy", "JupyterEnterpriseGateway")]

OPEN_A_SESSION = """
import json, time, urllib.error, urllib.request

def call(path, content=None):
    request = urllib.request.Request("http://127.0.0.1:8998" + path, data=content and json.dumps(content).encode())
    return json.load(urllib.request.urlopen(request))

while True:
    try:
        session = call("/sessions", {"kind": "pyspark"})
        break
    except urllib.error.URLError:
        time.sleep(0.2)
while session["state"] == "starting":
    time.sleep(0.2)
    session = call("/sessions/0")
assert session["state"] == "idle", session
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with embedded_aws(tmp_path_factory.mktemp("aws"), launch="hold") as aws:
        client = clients_of(aws)
        make_bare_account(client)
        with local_node(aws, idle_scale=IDLE_SCALE, log_seconds=0.5) as node:
            yield Place(aws, node, client)


def _gateway(cluster: RunningCluster) -> int:
    """Return the port at which a cluster's gateway is found, once it is."""
    written = cluster.machine / "gateway.port"
    wait_for(lambda: written.exists() and written.read_text(encoding="ascii"))
    return int(written.read_text(encoding="ascii"))


def test_a_cell_without_rights_fails_the_notebook_though_livy_goes_on(place: Place, tmp_path: Path) -> None:
    bucket = {"Bucket": "somebody-elses", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-3"}}
    place.client("s3").create_bucket(**bucket)
    place.client("s3").put_object(Bucket="somebody-elses", Key="x.txt", Body=b"x")
    cluster = place.start(Applications=FOR_NOTEBOOKS)
    notebook = tmp_path / "cells.ipynb"
    denied = "spark.read.text('s3://somebody-elses/x.txt').count()"
    notebook.write_text(with_cells("print('first')\nspark.range(10).count()", denied, "print('third')"))
    cluster.wait("WAITING")
    gateway = ("--gateway", f"http://127.0.0.1:{_gateway(cluster)}")
    ended = execute(notebook, tmp_path, {"KERNEL_USERNAME": "emr-notebook"}, *gateway)
    place.client("emr").terminate_job_flows(JobFlowIds=[cluster.id])

    assert ended.code == 1
    assert "cell 2 of the notebook failed" in ended.error
    assert re.search("AccessDenied|Access Denied|Forbidden", ended.error), ended.error
    assert "first\n10" in ended.text
    assert ended.text.endswith("third")


def test_an_abandoned_session_keeps_its_cluster_until_livy_ends_it(place: Place) -> None:
    livy = {"Classification": "livy-conf", "Properties": {"livy.server.session.timeout": "180s"}}
    cluster = place.start(
        Applications=FOR_NOTEBOOKS,
        Configurations=[livy],
        AutoTerminationPolicy={"IdleTimeout": 60},
        Steps=[step("python3.11", "-c", OPEN_A_SESSION, name="open")],
    )
    with socket.create_connection(("127.0.0.1", _gateway(cluster))):
        ended = cluster.wait("TERMINATED", "TERMINATED_WITH_ERRORS")
    (opened,) = place.client("emr").list_steps(ClusterId=cluster.id)["Steps"]

    assert opened["Status"]["State"] == "COMPLETED"
    assert ended["StateChangeReason"]["Code"] == "AUTO_TERMINATION"
    said = cluster.log(f"node/{instance_id(cluster.id)}/applications/livy/livy-livy-server.out.gz")
    assert "ending session 0, inactive for more than 9 s" in said
