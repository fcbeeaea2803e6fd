"""A few cells by EMR's gateway and sparkmagic to a session of Spark on a node."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.clients import clients_of
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from tests.ops.notebook.notebooks import execute, with_cells
from tests.rehearsal.clusters import wait_for
from tests.rehearsal.nodes import Place, RunningCluster, make_bare_account

pytestmark = pytest.mark.long

IDLE_SCALE = 0.05
"""A minute, EMR's shortest idle stop, is then 3 seconds."""

FOR_NOTEBOOKS = [{"Name": name} for name in ("Spark", "Livy", "JupyterEnterpriseGateway")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with embedded_aws(tmp_path_factory.mktemp("aws"), launch="hold") as aws:
        client = clients_of(aws)
        make_bare_account(client)
        with local_node(aws, idle_scale=IDLE_SCALE, log_seconds=0.5) as node:
            yield Place(aws, node, client)


def gateway_port(cluster: RunningCluster) -> int:
    """Return the port at which a cluster's gateway is found, once it is."""
    written = cluster.machine / "gateway.port"
    wait_for(lambda: written.exists() and written.read_text(encoding="ascii"))
    return int(written.read_text(encoding="ascii"))


def test_a_cell_without_rights_fails_the_notebook_though_livy_goes_on(place: Place, tmp_path: Path) -> None:
    bucket: dict[str, Any] = {
        "Bucket": "somebody-elses",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-3"},
    }
    place.client("s3").create_bucket(**bucket)
    place.client("s3").put_object(Bucket="somebody-elses", Key="x.txt", Body=b"x")
    cluster = place.start(Applications=FOR_NOTEBOOKS)
    notebook = tmp_path / "cells.ipynb"
    denied = "spark.read.text('s3://somebody-elses/x.txt').count()"
    notebook.write_text(with_cells("print('first')\nspark.range(10).count()", denied, "print('third')"))
    cluster.wait("WAITING")
    gateway = ("--gateway", f"http://127.0.0.1:{gateway_port(cluster)}")
    ended = execute(notebook, tmp_path, {"KERNEL_USERNAME": "emr-notebook"}, *gateway)
    place.client("emr").terminate_job_flows(JobFlowIds=[cluster.id])

    assert ended.code == 1
    assert "cell 2 of the notebook failed" in ended.error
    assert re.search("AccessDenied|Access Denied|Forbidden", ended.error), ended.error
    assert "first\n10" in ended.text
    assert ended.text.endswith("third")
