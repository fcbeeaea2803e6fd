"""Where namespaces are not to be had: a proxy for the same names, and variables that lead programs to it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.clients import clients_of
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from rehearsal.node.instance.plan import InstancePlan
from rehearsal.node.instance.start import why_no_namespaces
from rehearsal.node.machine import instance_id
from tests.rehearsal.clusters import wait_for
from tests.rehearsal.nodes import LOGS, Place, RunningCluster, make_bare_account, read_log

pytestmark = pytest.mark.long

REGION = ("--region", "eu-west-3")
SPARK_PROGRAM = """
import os
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
seen = spark.sparkContext.parallelize(range(4), 4).map(lambda _: os.getppid()).collect()
spark.createDataFrame([(1,)], "n int").write.parquet("s3://logs-of-clusters/written")
print(len(seen))
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """A cluster with Spark whose instance shares this machine."""
    with embedded_aws(tmp_path_factory.mktemp("aws"), launch="hold") as aws:
        client = clients_of(aws)
        make_bare_account(client, actions=["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], listing=True)
        with local_node(aws, shared=True, log_seconds=0.5) as node:
            started = Place(aws, node, client).start(Applications=[{"Name": "Spark"}])
            started.wait("WAITING")
            yield started


def test_the_node_says_so(cluster: RunningCluster) -> None:
    assert cluster.place.node.kind == "shared"


def test_aws_is_reached_by_its_own_names_as_the_role_of_the_node(cluster: RunningCluster) -> None:
    arn = cluster.run("aws", *REGION, "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert arn == f"arn:aws:sts::000000000000:assumed-role/emr-nodes/{instance_id(cluster.id)}\n"


def test_no_variable_names_an_endpoint(cluster: RunningCluster) -> None:
    variables = dict(line.split("=", 1) for line in cluster.run("env").splitlines())
    assert not [name for name in variables if "ENDPOINT_URL" in name]
    assert variables["HTTPS_PROXY"].startswith("http://127.0.0.1:")


def test_other_hosts_are_refused(cluster: RunningCluster) -> None:
    step_id = cluster.submit("curl", "--silent", "--show-error", "https://example.org/")
    assert "403" in cluster.wait_for_step(step_id)["FailureDetails"]["Message"]


def test_nothing_of_spark_runs_before_somebody_submits(cluster: RunningCluster) -> None:
    cluster.run("true")
    assert not (cluster.machine / "mnt/var/log/spark").exists()


def test_spark_has_executors_of_its_own_and_writes_to_s3(cluster: RunningCluster, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(SPARK_PROGRAM, encoding="utf-8")
    cluster.place.client("s3").upload_file(str(script), LOGS, "program.py")
    assert cluster.run("spark-submit", f"s3://{LOGS}/program.py").splitlines()[-1] == "4"
    written = cluster.place.client("s3").list_objects_v2(Bucket=LOGS, Prefix="written/")["Contents"]
    assert [item["Key"] for item in written if item["Key"].endswith(".parquet")]


def test_what_executors_print_is_where_emr_puts_it(cluster: RunningCluster, tmp_path: Path) -> None:
    script = tmp_path / "print.py"
    script.write_text(
        "import sys\nfrom pyspark.sql import SparkSession\n"
        "context = SparkSession.builder.getOrCreate().sparkContext\n"
        "context.parallelize([0], 1).foreach(lambda _: print('said in an executor', file=sys.stderr))\n",
        encoding="utf-8",
    )
    cluster.place.client("s3").upload_file(str(script), LOGS, "print.py")
    cluster.run("spark-submit", f"s3://{LOGS}/print.py")
    (key,) = wait_for(lambda: _said_in_executors(cluster))
    assert re.fullmatch(
        rf"emr/{cluster.id}/containers/application_\d+_\d+/container_\d+_\d+_01_00000[23]/stderr.gz", key
    )


def _said_in_executors(cluster: RunningCluster) -> list[str]:
    s3, prefix = cluster.place.client("s3"), f"emr/{cluster.id}/containers/"
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=LOGS, Prefix=prefix).get("Contents", ())]
    assert {key.rpartition("/")[2] for key in keys} <= {"stdout.gz", "stderr.gz"}
    return [key for key in keys if "said in an executor" in read_log(cluster.place.client, f"s3://{LOGS}/{key}")]


def test_a_machine_that_gives_no_namespaces_says_why(cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert why_no_namespaces(cluster.place.aws) == "unshare and nsenter not found"


def test_what_an_instance_is_like_is_told_as_text() -> None:
    plan = InstancePlan("/disk", "ip-10-0-0-1.x", "10.0.0.1", ["/usr"], [("/a", "/b")], [])
    assert InstancePlan.from_json(plan.to_json()).hostname == plan.hostname
