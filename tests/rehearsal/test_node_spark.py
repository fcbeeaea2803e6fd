"""Spark's files on a machine: what is asked for, and what has to be different."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.machine import Machine
from rehearsal.node.overrides import OVERRIDES, table
from rehearsal.node.spark import configure_spark


@pytest.fixture
def machine(tmp_path: Path, aws: EmbeddedAws) -> Machine:
    made = Machine(
        root=tmp_path, cluster_id="j-1", aws=aws, endpoint="https://127.0.0.1:1", metadata="http://127.0.0.1:2"
    )
    made.make_folders()
    return made


def _defaults(machine: Machine, *configurations: Mapping[str, Any]) -> dict[str, str]:
    configure_spark(machine, configurations)
    lines = (machine.root / "etc" / "spark" / "spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_settings_are_kept_paths_are_placed_and_overrides_win(machine: Machine) -> None:
    asked = {"spark.sql.shuffle.partitions": "7", "spark.pyspark.python": "/opt/x/python", "spark.driver.memory": "9g"}
    used = _defaults(machine, {"Classification": "spark-defaults", "Properties": asked})
    assert used["spark.sql.shuffle.partitions"] == "7"
    assert used["spark.pyspark.python"] == f"{machine.root}/opt/x/python"
    assert used["spark.driver.memory"] == "1g"


def test_java_options_are_added_to(machine: Machine) -> None:
    asked = {"spark.driver.extraJavaOptions": "-Dcolour=green"}
    used = _defaults(machine, {"Classification": "spark-defaults", "Properties": asked})
    assert used["spark.driver.extraJavaOptions"].startswith("-Dcolour=green -XX:")
    assert "ec2MetadataServiceEndpointOverride=http://127.0.0.1:2" in used["spark.driver.extraJavaOptions"]


def test_settings_of_hadoop_reach_spark(machine: Machine) -> None:
    used = _defaults(machine, {"Classification": "core-site", "Properties": {"fs.s3a.threads.max": "3"}})
    assert used["spark.hadoop.fs.s3a.threads.max"] == "3"


def test_exports_are_for_a_shell_to_read(machine: Machine) -> None:
    export = {"Classification": "export", "Properties": {"GREETING": "it's $HOME"}}
    _defaults(machine, {"Classification": "spark-env", "Properties": {}, "Configurations": [export]})
    lines = (machine.root / "etc" / "spark" / "spark-env.sh").read_text(encoding="utf-8").splitlines()
    assert """GREETING='it'"'"'s $HOME'""" in lines
    assert "SPARK_LOCAL_IP=127.0.0.1" in lines


def test_what_cannot_be_applied_is_told(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="fruits.node")
    configure_spark(machine, [{"Classification": "yarn-site"}, {"Classification": "hive-site"}])
    assert caplog.messages == [
        "j-1: yarn-site is not applied: there is no YARN",
        "j-1: hive-site is not applied: not known here",
    ]


def test_the_table_has_a_line_with_a_reason_for_every_difference() -> None:
    lines = list(table())
    for item in OVERRIDES:
        assert f"| {item.place} | `{item.name}` | `{item.value}` | {item.reason} |" in lines
        assert item.reason
