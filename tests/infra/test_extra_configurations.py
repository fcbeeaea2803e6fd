"""Configuration from a file: what it adds, what it may change, and what it is refused for, by name."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.extra_configurations import ExtraConfigurations, read_extra
from infra.merging import merged
from infra.settings import DeploymentSettings
from infra.templates import Deployment

FILE = "tests/infra/extra.json"
NOTEBOOK = {"env": "dev", "mode": "interactive", "notebook": True}

Settings = Callable[..., DeploymentSettings]


def _configurations(deployment: Deployment) -> dict[str, dict[str, Any]]:
    (cluster,) = deployment.resources("AWS::EMR::Cluster")
    return {item["Classification"]: item for item in cluster.properties["Configurations"]}


def test_a_file_is_merged_value_by_value(deploy: Callable[..., Deployment], deployment: Deployment) -> None:
    before, after = _configurations(deployment), _configurations(deploy(configurations=FILE))
    defaults = before["spark-defaults"]["ConfigurationProperties"]
    added = {"spark.executor.memory": "6g", "spark.sql.shuffle.partitions": "64"}
    assert after["spark-defaults"]["ConfigurationProperties"] == defaults | added
    (export,) = after["spark-env"]["Configurations"]
    (ours,) = before["spark-env"]["Configurations"]
    assert export["ConfigurationProperties"] == ours["ConfigurationProperties"] | {"SPARK_DAEMON_MEMORY": "2g"}
    assert after["yarn-site"]["ConfigurationProperties"]["yarn.nodemanager.vmem-check-enabled"] == "false"
    assert after["yarn-site"]["ConfigurationProperties"]["spark.authenticate"] == "true"


def _file(folder: Path, content: Any) -> str:
    path = folder / "extra.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def _values(name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    if name.endswith("-env"):
        return [{"Classification": name, "Configurations": [{"Classification": "export", "Properties": values}]}]
    return [{"Classification": name, "Properties": values}]


REFUSED = (
    ("spark-defaults", "spark.authenticate", "false", "it would touch encryption"),
    ("spark-defaults", "spark.network.crypto.enabled", "false", "it would touch encryption"),
    ("spark-defaults", "spark.network.crypto.saslFallback", "true", "it would touch encryption"),
    ("spark-defaults", "spark.io.encryption.enabled", "false", "it would touch encryption"),
    ("yarn-site", "spark.authenticate", "false", "it would touch encryption"),
    ("hdfs-site", "dfs.encrypt.data.transfer", "false", "it would touch encryption"),
    ("core-site", "hadoop.rpc.protection", "authentication", "it would touch encryption"),
    ("core-site", "fs.s3a.connection.ssl.enabled", "false", "it would touch encryption"),
    ("spark-defaults", "spark.hadoop.fs.s3a.connection.ssl.enabled", "false", "it would touch encryption"),
    ("core-site", "fs.s3a.bucket.some.bucket.connection.ssl.enabled", "false", "it would touch encryption"),
    ("emrfs-site", "fs.s3.enableServerSideEncryption", "false", "it would touch encryption"),
    ("core-site", "fs.s3a.encryption.algorithm", "SSE-C", "it would touch encryption"),
    ("core-site", "fs.s3a.endpoint", "s3.example.org", "another S3"),
    ("spark-defaults", "spark.hadoop.fs.s3a.bucket.photographs.endpoint", "s3.example.org", "another S3"),
    ("spark-defaults", "spark.hadoop.fs.s3a.endpoint.region", "us-east-1", "another S3"),
    ("core-site", "fs.s3a.access.key", "AKIA", "another S3, or to other rights"),
    ("core-site", "fs.s3a.aws.credentials.provider", "some.Provider", "another S3, or to other rights"),
    ("core-site", "fs.s3.impl", "com.amazon.ws.emr.hadoop.fs.EmrFileSystem", "another S3"),
    ("core-site", "fs.s3a.proxy.host", "proxy", "another S3"),
    ("core-site", "fs.defaultFS", "s3://elsewhere", "another S3"),
    ("yarn-site", "yarn.node-labels.enabled", "false", "what ends an idle cluster"),
    ("spark-defaults", "spark.pyspark.python", "/usr/bin/python3", "the job's step"),
    ("spark-defaults", "spark.submit.deployMode", "cluster", "the job's step"),
    ("spark-defaults", "spark.fruits.generation", "second", "the job's step"),
    ("spark-defaults", "spark.executor.cores", "2", "the size of its executors"),
    ("spark-defaults", "spark.executor.memory", "much", "no amount of memory such as 6g"),
    ("spark-defaults", "spark.dynamicAllocation.enabled", "false", "the deployment sets true"),
    ("spark-defaults", "spark.executorEnv.OMP_NUM_THREADS", "8", "the deployment sets 1"),
    ("spark-env", "PYSPARK_PYTHON", "/usr/bin/python3", "the job's step"),
    ("spark-env", "AWS_REGION", "us-east-1", "the deployment sets eu-west-3"),
    ("spark", "maximizeResourceAllocation", "true", "the size of its executors"),
    ("yarn-site", "yarn.nodemanager.resource.memory-mb", "1", "the size of its executors"),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda row: " ".join(row[:2]))
def test_what_must_not_be_changed_is_refused_by_name_and_with_the_reason(
    refused: tuple[str, str, str, str], settings_of: Settings, tmp_path: Path
) -> None:
    name, key, value, why = refused
    path = _file(tmp_path, _values(name, {key: value}))
    with pytest.raises(DeploymentError) as caught:
        settings_of(configurations=path)
    assert str(caught.value).startswith(f"configurations={path}: {name}: {key}={value}: ")
    assert why in str(caught.value)


def test_what_ends_sessions_of_notebooks_cannot_be_put_off(settings_of: Settings, tmp_path: Path) -> None:
    path = _file(tmp_path, _values("livy-conf", {"livy.server.session.timeout": "9h"}))
    with pytest.raises(
        DeploymentError, match=r"livy\.server\.session\.timeout=9h: it would touch what ends an idle cluster"
    ):
        settings_of(configurations=path, **NOTEBOOK)


def _extra(key: str) -> ExtraConfigurations:
    return ExtraConfigurations(path="extra.json", files=(("spark-defaults", ((key, "6g"),)),))


def test_another_value_for_anything_that_we_set_is_refused_unless_it_is_one_to_tune() -> None:
    ours = {"spark-defaults": {"spark.new.setting": "ours", "spark.executor.memory": "5g"}}
    tuned = merged(ours, _extra("spark.executor.memory"), notebooks=False)
    assert tuned["spark-defaults"] == {"spark.new.setting": "ours", "spark.executor.memory": "6g"}
    with pytest.raises(ValueError, match=r"spark\.new\.setting=6g: the deployment sets ours"):
        merged(ours, _extra("spark.new.setting"), notebooks=False)


def test_what_we_set_may_be_said_again(settings_of: Settings, tmp_path: Path) -> None:
    path = _file(tmp_path, _values("spark-defaults", {"spark.authenticate": "true"}))
    assert settings_of(configurations=path).configurations is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "the file is not JSON"),
        ({}, "the file holds no list of classifications"),
        (["spark"], '"spark" is no object with a Classification'),
        ([{"Classification": "spark", "Values": {}}], "spark: Values is none of Classification, Configurations"),
        ('[{"Classification": "spark", "Properties": {"a": "1", "a": "2"}}]', "a: written twice"),
        (_values("spark", {"a": "1"}) * 2, "spark: named twice"),
        (_values("spark-defaults", {"spark.a": 5}), 'spark-defaults: spark.a is no text; write "5"'),
        (_values("spark-defaults", {"spark.a": True}), 'spark.a is no text; write "true"'),
        ([{"Classification": "spark", "Properties": []}], "spark: its Properties are no object"),
        ([{"Classification": "spark-env", "Properties": {"A": "b"}}], "spark-env: holds one Configuration of its own"),
        (
            [{"Classification": "spark", "Configurations": [{"Classification": "export"}]}],
            "spark: only what ends in -env has Configurations",
        ),
    ],
)
def test_a_file_of_another_form_is_refused_and_says_what_is_wrong(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_extra(_file(tmp_path, content))


def test_a_file_that_is_not_there_is_named_with_what_is_accepted(settings_of: Settings) -> None:
    with pytest.raises(DeploymentError) as refused:
        settings_of(configurations="none.json")
    assert str(refused.value) == (
        "configurations=none.json: the file cannot be read (No such file or directory);"
        " accepted: a JSON file of EMR's classifications, below the project's folder"
    )


@pytest.mark.parametrize(("name", "accepted"), [("hive-site", False), ("livy-conf", False), ("core-site", True)])
def test_a_classification_of_what_the_cluster_does_not_have_is_refused(
    name: str, accepted: bool, settings_of: Settings, tmp_path: Path
) -> None:
    path = _file(tmp_path, _values(name, {"some.key": "some value"}))
    if accepted:
        assert settings_of(configurations=path).configurations is not None
    else:
        with pytest.raises(DeploymentError, match=f"{name}: no classification of this cluster; accepted: capacity"):
            settings_of(configurations=path)
