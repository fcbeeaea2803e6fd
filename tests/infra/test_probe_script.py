"""The script that says what a node is: it reads EMR's files, tells no secret, and one question cannot harm another."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.bootstrap_nodes import PROBE

SITE = (
    "<configuration><property><name>yarn.node-labels.enabled</name><value>true</value></property>"
    "<property><name>fs.s3.impl</name><value>S3A</value></property>"
    "<property><name>fs.s3a.secret.key</name><value>hidden</value></property>"
    "<property><name>net.topology</name><value>flat</value></property></configuration>"
)


@pytest.fixture(scope="module")
def probe() -> ModuleType:
    found = importlib.util.spec_from_file_location("probe", PROBE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_it_prints_one_line_of_json_that_begins_with_its_version() -> None:
    said = subprocess.run([sys.executable, PROBE], capture_output=True, text=True, check=True)
    assert said.stdout.startswith('{"probe": 1, ')
    assert said.stdout.count("\n") == 1
    found = json.loads(said.stdout)
    assert found["memory"]["total_mib"] >= found["memory"]["free_mib"] > 0
    assert found["disks"]["/"]["total_mib"] > 0


@pytest.mark.parametrize("variables", [{}, {"LC_CTYPE": "C.UTF-8"}], ids=["none", "one"])
def test_the_locale_is_the_nodes_and_not_the_one_that_python_chooses(variables: dict[str, str]) -> None:
    said = subprocess.run([sys.executable, PROBE], env=variables, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["locale"]["LC_CTYPE"] == variables.get("LC_CTYPE")


def test_settings_of_spark_are_read_but_not_its_secret(probe: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "spark-defaults.conf"
    file.write_text(
        "# EMR's\nspark.master   yarn\nspark.authenticate true\nspark.authenticate.secret hidden\n"
        "spark.hadoop.fs.s3a.access.key hidden\nspark.history.ui.port 18080\nspark.empty\n",
        encoding="utf-8",
    )
    assert probe.properties(file) == {"spark.authenticate": "true", "spark.master": "yarn"}


def test_settings_of_hadoop_are_read_but_no_key(probe: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "yarn-site.xml").write_text(SITE, encoding="utf-8")
    assert probe.site(tmp_path / "yarn-site.xml") == {"fs.s3.impl": "S3A", "yarn.node-labels.enabled": "true"}


def test_a_file_that_is_not_there_is_null(probe: ModuleType, tmp_path: Path) -> None:
    assert probe.site(tmp_path / "none.xml") is probe.properties(tmp_path / "none.conf") is None


def test_a_question_that_fails_is_null(probe: ModuleType) -> None:
    assert probe.answer(lambda: 1 // 0) is None


def test_the_master_of_the_newest_application_is_asked_for(
    probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(
        tmp_path,
        "yarn",
        'if [[ $* == *-list*ALL ]]; then echo application_1_0001 application_1_0002; else echo "$@"; fi',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    said = probe.yarn()
    assert said["newest"] == "application -status application_1_0002"
    assert said["labels"] == "cluster --list-node-labels"


def test_a_node_without_yarn_has_none(probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe.yarn() is None


def test_a_program_that_does_not_end_is_given_up(
    probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "slow", "exec tail -f /dev/null")
    monkeypatch.setattr(probe, "SECONDS", 0.2)
    assert probe.run(str(tmp_path / "slow")) is None


def test_the_umask_is_told_and_stays(probe: ModuleType) -> None:
    assert probe.umask() == probe.umask()
