"""Spark's files on a machine: what is asked for, and what has to be different."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.applied import overrides_for
from rehearsal.node.instance import Kind
from rehearsal.node.machine import Machine
from rehearsal.node.overrides import OVERRIDES, table
from rehearsal.node.spark import configure_spark, of_cluster


class Surroundings:
    """An instance of which only the words are needed."""

    hostname = "ip-10-20-0-1.eu-west-3.compute.internal"
    ports: Mapping[str, int] = {"master": 7077, "shuffle": 7337}

    def __init__(self, kind: Kind, disk: Path, metadata: socket.socket) -> None:
        self.kind: Kind = kind
        self.metadata = metadata
        self.proxy = "http://127.0.0.1:3128" if kind == "shared" else ""
        self._disk = disk

    def placed(self, text: str) -> str:
        return f"{self._disk}{text}" if self.kind == "shared" and text.startswith("/opt/") else text


@pytest.fixture(params=["namespaces", "shared"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, aws: EmbeddedAws) -> Iterator[Machine]:
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        around: Any = Surroundings(request.param, tmp_path, metadata)
        yield Machine(root=tmp_path, cluster_id="j-1", aws=aws, instance=around)


def _defaults(machine: Machine, *configurations: Mapping[str, Any]) -> dict[str, str]:
    configure_spark(machine, configurations)
    lines = (machine.root / "etc/spark/conf/spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_settings_are_kept_paths_are_placed_and_overrides_win(machine: Machine) -> None:
    asked = {"spark.sql.shuffle.partitions": "7", "spark.pyspark.python": "/opt/x/python", "spark.driver.memory": "9g"}
    used = _defaults(machine, {"Classification": "spark-defaults", "Properties": asked})
    assert used["spark.sql.shuffle.partitions"] == "7"
    assert used["spark.pyspark.python"] == machine.instance.placed("/opt/x/python")
    assert used["spark.driver.memory"] == "1g"


def test_java_options_are_added_to(machine: Machine) -> None:
    for name in ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions"):
        used = _defaults(machine, {"Classification": "spark-defaults", "Properties": {name: "-Dcolour=green"}})
        assert used[name].startswith("-Dcolour=green -XX:")


def test_settings_of_hadoop_reach_spark(machine: Machine) -> None:
    used = _defaults(machine, {"Classification": "core-site", "Properties": {"fs.s3a.threads.max": "3"}})
    assert used["spark.hadoop.fs.s3a.threads.max"] == "3"


def test_exports_are_for_a_shell_to_read(machine: Machine) -> None:
    export = {"Classification": "export", "Properties": {"GREETING": "it's $HOME"}}
    _defaults(machine, {"Classification": "spark-env", "Properties": {}, "Configurations": [export]})
    lines = (machine.root / "etc/spark/conf/spark-env.sh").read_text(encoding="utf-8").splitlines()
    assert """GREETING='it'"'"'s $HOME'""" in lines


def test_spark_s_own_processes_are_as_guarded_as_its_applications(machine: Machine) -> None:
    asked = {"spark.authenticate": "true", "spark.network.crypto.enabled": "true", "spark.executor.cores": "4"}
    used = _defaults(machine, {"Classification": "spark-defaults", "Properties": asked})
    shared = of_cluster(machine)
    assert shared["spark.authenticate"] == shared["spark.network.crypto.enabled"] == "true"
    assert shared["spark.authenticate.secret"] == used["spark.authenticate.secret"]
    assert "spark.executor.cores" not in shared


def test_what_cannot_be_applied_is_told(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="fruits.node")
    configure_spark(machine, [{"Classification": "yarn-site"}, {"Classification": "hive-site"}])
    assert caplog.messages == [
        "j-1: yarn-site is not applied: there is no YARN; labels and encryption are checked at synth",
        "j-1: hive-site is not applied: not known here",
    ]


def test_in_namespaces_programs_get_no_variable_at_all(machine: Machine) -> None:
    assert bool(overrides_for(machine, "environment")) == (machine.instance.kind == "shared")


def test_the_table_has_a_line_with_a_reason_for_every_difference() -> None:
    lines = list(table())
    for item in OVERRIDES:
        where = item.only or "both"
        assert f"| {item.place} | `{item.name}` | `{item.value}` | {where} | {item.reason} |" in lines
        assert item.reason
