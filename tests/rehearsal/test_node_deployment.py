"""The deployed bootstrap action and the deployed step, really run on a node with the rights of the deployed role."""

import hashlib
import json
import os
import signal
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.node.machine import instance_id
from rehearsal.node.overrides import OVERRIDES
from tests.rehearsal.clusters import SPARK_PATIENCE_SECONDS, wait_for
from tests.rehearsal.nodes import Deployed, processes_on, programs_of, step, words_of
from tests.rehearsal.queues import queue_of_topic

pytestmark = pytest.mark.long

SURROUNDINGS = """
import json
import pyspark
from pyspark.sql import SparkSession

def seen(_):
    import numpy, os, pwd, sys
    user = pwd.getpwuid(os.getuid()).pw_name
    return {"prefix": sys.prefix, "numpy": numpy.__file__, "variables": sorted(os.environ), "user": user}

context = SparkSession.builder.getOrCreate().sparkContext
(worker,) = context.parallelize([0], 1).map(seen).collect()
print(json.dumps({"driver": seen(0), "worker": worker, "pyspark": pyspark.__file__}))
"""


@pytest.fixture(scope="module")
def job_step(deployed: Deployed) -> str:
    """The deployed step, run to its end."""
    step_id = deployed.submit_job()
    shown = deployed.cluster.wait_for_step(step_id)
    assert shown["State"] == "COMPLETED", (shown, deployed.cluster.log(f"steps/{step_id}/stdout.gz"))
    return step_id


def test_the_bootstrap_action_has_installed_the_wheelhouse_without_pyspark(deployed: Deployed) -> None:
    python = "/opt/fruits/bin/python"
    modules = "import ai_edge_litert, numpy, obstore; print(obstore.__file__)"
    assert deployed.cluster.run(python, "-I", "-c", modules).startswith("/opt/fruits/")
    step_id = deployed.cluster.submit(python, "-I", "-c", "import pyspark")
    failure = deployed.cluster.wait_for_step(step_id)["FailureDetails"]["Message"]
    assert failure == "ModuleNotFoundError: No module named 'pyspark'"
    folder = f"node/{instance_id(deployed.cluster.id)}/bootstrap-actions/1"
    assert "7 modules import" in deployed.cluster.log(f"{folder}/stderr.gz")
    assert "ended with code 0" in deployed.cluster.log(f"{folder}/controller.gz")


def test_the_deployed_step_leaves_its_results_in_s3(deployed: Deployed, job_step: str) -> None:
    s3, bucket = deployed.client("s3"), deployed.outputs["DataBucket"]
    run = json.loads(deployed.cluster.log(f"steps/{job_step}/stdout.gz").splitlines()[-1])["run"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="results/")["Contents"]]
    assert {key.split("/")[1] for key in keys} >= {"features", "pca", "projections", "reports"}
    assert f"results/reports/{run}/report.html" in keys
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"results/reports/{run}/manifest.json")["Body"].read())
    assert manifest["counts"]["features"] == manifest["counts"]["images"] == deployed.photographs


def test_the_logs_of_the_step_are_where_emr_puts_them(deployed: Deployed, job_step: str) -> None:
    logs = {
        name: deployed.cluster.log(f"steps/{job_step}/{name}.gz")
        for name in ("controller", "stdout", "stderr", "syslog")
    }
    assert "spark-submit --deploy-mode client" in logs["controller"]
    assert "SparkContext: Running Spark version 3.5.6" in logs["stderr"]
    assert json.loads(logs["stdout"].splitlines()[-1])["counts"]["images"] == deployed.photographs


def test_the_same_step_again_computes_nothing(deployed: Deployed, job_step: str) -> None:
    step_id = deployed.submit_job()
    assert deployed.cluster.wait_for_step(step_id)["State"] == "COMPLETED"
    manifest = json.loads(deployed.cluster.log(f"steps/{step_id}/stdout.gz").splitlines()[-1])
    assert manifest["counts"]["computed"] == 0


def test_driver_and_workers_use_what_the_bootstrap_installed_and_hold_no_key(deployed: Deployed) -> None:
    uri = deployed.script("surroundings.py", SURROUNDINGS)
    found = json.loads(deployed.cluster.run("spark-submit", uri).splitlines()[-1])
    installed = "/opt/fruits"
    for side in ("driver", "worker"):
        assert found[side]["prefix"] == installed
        assert found[side]["numpy"].startswith(installed)
        variables = found[side]["variables"]
        assert [name for name in variables if "AWS" in name] == ["AWS_DEFAULT_REGION", "AWS_REGION"]
        assert not [name for name in variables if "proxy" in name.lower() or name.startswith("SSL_")]
    assert (found["driver"]["user"], found["worker"]["user"]) == ("hadoop", "yarn")
    assert found["pyspark"].endswith("pyspark.zip/pyspark/__init__.py")


def test_no_file_of_the_machine_holds_a_key(deployed: Deployed, job_step: str) -> None:
    root = deployed.cluster.machine
    written = [path for name in ("etc", "home", "emr", "mnt") for path in (root / name).rglob("*") if path.is_file()]
    assert root / "etc" / "spark" / "conf" / "spark-defaults.conf" in written
    marks = (b"ASIA", b"AKIA", b"aws_secret_access_key", b"aws_session_token")
    assert not [path for path in written for mark in marks if mark in path.read_bytes()]


def test_settings_are_as_deployed_but_for_those_in_the_table(deployed: Deployed) -> None:
    root = deployed.cluster.machine
    shown = deployed.client("emr").describe_cluster(ClusterId=deployed.cluster.id)["Cluster"]["Configurations"]
    (asked,) = [item["Properties"] for item in shown if item["Classification"] == "spark-defaults"]
    lines = (root / "etc" / "spark" / "conf" / "spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    used = dict(line.split(" ", 1) for line in lines)
    listed = {item.name for item in OVERRIDES if item.place == "spark-defaults"}
    assert {name: used.get(name) for name in asked.keys() - listed} == {
        name: value for name, value in asked.items() if name not in listed
    }
    assert used.keys() - asked.keys() <= listed


def test_a_step_that_raises_is_failed_with_the_exception_and_people_are_told(deployed: Deployed) -> None:
    read = queue_of_topic(deployed.client, deployed.outputs["TopicArn"])
    uri = deployed.script("broken.py", "def pick():\n    raise LookupError('no ripe apples')\n\npick()\n")
    (step_id,) = deployed.cluster.submit_all(step("spark-submit", uri, name="fruits-demo broken"))
    shown = deployed.cluster.wait_for_step(step_id)
    assert shown["State"] == "FAILED"
    assert shown["FailureDetails"]["Message"] == "LookupError: no ripe apples"
    assert "in pick" in deployed.cluster.log(f"steps/{step_id}/stdout.gz")
    assert shown["FailureDetails"]["LogFile"].endswith(f"/steps/{step_id}/stdout.gz")
    told = wait_for(lambda: (text := "\n".join(read())).count("broken") and text)
    assert "is FAILED" in told


def _python_workers(machine: Path) -> list[psutil.Process]:
    return [item for item in processes_on(machine) if "pyspark.daemon" in words_of(item)]


def test_a_driver_that_is_killed_fails_its_step_and_nothing_goes_on(deployed: Deployed) -> None:
    uri = deployed.script(
        "endless.py",
        "import time\nfrom pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "spark.sparkContext.parallelize([0, 1], 2).map(lambda _: time.sleep(300)).collect()\n",
    )
    step_id = deployed.cluster.submit("spark-submit", uri)
    machine = deployed.cluster.machine
    wait_for(lambda: _python_workers(machine), SPARK_PATIENCE_SECONDS)
    java = next(item for item in programs_of(step_id) if "java" in words_of(item)[0])
    os.kill(java.pid, signal.SIGKILL)
    shown = deployed.cluster.wait_for_step(step_id)
    assert (shown["State"], shown["FailureDetails"]["Message"]) == ("FAILED", "ended by signal 9 (SIGKILL)")
    assert not programs_of(step_id)
    wait_for(lambda: not _python_workers(machine), SPARK_PATIENCE_SECONDS)


def _beside(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Name one node in the network of a cluster: its service role may use no other."""
    network = cluster["Ec2InstanceAttributes"]
    groups = ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "ServiceAccessSecurityGroup")
    types = [{"InstanceType": "m5.xlarge"}]
    return {
        "KeepJobFlowAliveWhenNoSteps": True,
        "Ec2SubnetIds": [network["Ec2SubnetId"]],
        "InstanceFleets": [{"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": types}],
        **{name: network[name] for name in groups},
    }


def test_a_wheel_with_a_wrong_hash_fails_the_bootstrap_and_the_logs_survive(deployed: Deployed, tmp_path: Path) -> None:
    wheels = Path(__file__).parents[2] / "build" / "wheelhouse" / "litert-x86_64"
    lock = f"six==1.17.0 --hash=sha256:{'0' * 64}\n"
    with zipfile.ZipFile(tmp_path / "wheels.zip", "w") as packed:
        packed.writestr("requirements.txt", lock)
        for wheel in (*wheels.glob("six-*.whl"), *wheels.glob("pip-*.whl")):
            packed.write(wheel, wheel.name)
    bucket = deployed.outputs["CodeBucket"]
    deployed.client("s3").upload_file(str(tmp_path / "wheels.zip"), bucket, "jobs/wheels.zip")
    emr = deployed.client("emr")
    (action,) = emr.list_bootstrap_actions(ClusterId=deployed.cluster.id)["BootstrapActions"]
    described = emr.describe_cluster(ClusterId=deployed.cluster.id)["Cluster"]
    arguments = [f"s3://{bucket}/jobs/wheels.zip", hashlib.sha256(lock.encode()).hexdigest(), *action["Args"][2:]]
    cluster = deployed.cluster.place.start(
        LogUri=described["LogUri"],
        ServiceRole=described["ServiceRole"],
        JobFlowRole=described["Ec2InstanceAttributes"]["IamInstanceProfile"],
        BootstrapActions=[{"Name": "i", "ScriptBootstrapAction": {"Path": action["ScriptPath"], "Args": arguments}}],
        Instances=_beside(described),
    )
    shown = cluster.wait("TERMINATED_WITH_ERRORS")
    assert shown["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    log = cluster.log(f"node/{instance_id(cluster.id)}/bootstrap-actions/1/stderr.gz")
    assert "error: the wheels do not install: a hash is wrong" in log
