"""Checks of what was deployed, and of a run that stands still: what no run on this machine can show."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from ops.aws.account import Client
from rehearsal.scenario.deploy import why_refused
from rehearsal.scenario.deployed import (
    check_disk_key,
    check_executors,
    check_masters,
    check_one_cluster,
    check_shuffle_service,
    check_wheels,
)
from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.expectations import check_rendered, check_shares, check_splits
from rehearsal.scenario.messages import Listener
from rehearsal.scenario.progress import Patience, telling_line

KEY = "arn:aws:kms:eu-west-3:000000000000:key/1"
LABELS = {
    "yarn.node-labels.enabled": "true",
    "yarn.node-labels.am.default-node-label-expression": "CORE",
}
SPARK = {"spark.authenticate": "true", "spark.network.crypto.enabled": "true"}


@pytest.mark.parametrize(
    "platforms",
    ["any", "manylinux_2_34_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64.manylinux_2_36_x86_64"],
)
def test_a_wheel_that_nodes_can_install_is_found_right(platforms: str) -> None:
    assert not [*check_wheels([f"numpy-2.4-cp311-cp311-{platforms}.whl"], machine="x86_64")]


@pytest.mark.parametrize(
    ("platforms", "finding"),
    [
        ("manylinux_2_35_x86_64", "needs glibc 2.35; the nodes have 2.34"),
        ("manylinux_2_28_aarch64", "is not for the nodes, which are Linux on x86_64"),
        ("musllinux_1_2_x86_64", "is not for the nodes"),
        ("macosx_11_0_x86_64", "is not for the nodes"),
    ],
)
def test_a_wheel_that_nodes_cannot_install_is_found(platforms: str, finding: str) -> None:
    (found,) = check_wheels([f"numpy-2.4-cp311-cp311-{platforms}.whl"], machine="x86_64")
    assert finding in found


@pytest.mark.parametrize("clusters", [[], [{"Id": "j-1"}, {"Id": "j-2"}]])
def test_another_number_of_clusters_than_one_is_found(clusters: list[dict[str, Any]]) -> None:
    (found,) = check_one_cluster(clusters, "fruits-demo")
    assert found.startswith(f"{len(clusters)} clusters fruits-demo were started")
    assert not [*check_one_cluster([{"Id": "j-1"}], "fruits-demo")]


@pytest.mark.parametrize(("more", "number"), [({}, "2, as YARN has it"), ({"spark.executor.instances": "3"}, "3")])
def test_a_fixed_number_of_executors_is_found(more: dict[str, str], number: str) -> None:
    assert not [*check_executors(_files(more, {}))]
    assert not [*check_executors([])]
    (found,) = check_executors(_files({"spark.dynamicAllocation.enabled": "false", **more}, {}))
    assert f"an application would get spark.executor.instances ({number}" in found


@pytest.mark.parametrize("changed", [{"yarn.node-labels.enabled": "false"}, dict.fromkeys(list(LABELS)[1:], "TASK")])
def test_masters_that_may_run_on_spot_nodes_are_found(changed: dict[str, str]) -> None:
    assert not [*check_masters(_files({}, LABELS))]
    (found,) = check_masters(_files({}, {**LABELS, **changed}))
    assert found.endswith("an application's master may run on a Spot node")
    assert len([*check_masters([])]) == 2


def _files(spark: dict[str, str], yarn: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"Classification": "spark-defaults", "Properties": spark},
        {"Classification": "yarn-site", "Properties": yarn},
    ]


def test_a_shuffle_service_that_would_refuse_executors_is_found() -> None:
    assert not [*check_shuffle_service(_files(SPARK, SPARK))]
    assert not [*check_shuffle_service(_files({}, {}))]
    (found,) = check_shuffle_service(_files(SPARK, {"spark.network.crypto.enabled": "true"}))
    assert found.startswith("yarn-site lacks spark.authenticate=true")


def _statement(**more: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": KEY, **more}]}


BY_EC2 = {"StringEquals": {"kms:ViaService": "ec2.eu-west-3.amazonaws.com"}}


def test_a_key_that_ec2_and_emr_can_use_is_found_right() -> None:
    policies = [_statement(Action=["kms:*"])]
    assert not [*check_disk_key(_statement(Condition=BY_EC2), policies, key=KEY, region="eu-west-3")]


@pytest.mark.parametrize("condition", [{}, {"StringEquals": {"kms:ViaService": "s3.eu-west-3.amazonaws.com"}}])
def test_a_key_that_ec2_cannot_use_is_found(condition: dict[str, Any]) -> None:
    (found,) = check_disk_key(_statement(Condition=condition), [_statement()], key=KEY, region="eu-west-3")
    assert "kms:CreateGrant by ec2.eu-west-3.amazonaws.com" in found


@pytest.mark.parametrize("statement", [{"Action": "kms:Decrypt"}, {"Resource": f"{KEY}0"}, {"Effect": "Deny"}])
def test_a_key_that_emr_cannot_grant_is_found(statement: dict[str, Any]) -> None:
    policies = [_statement(**statement)]
    (found,) = check_disk_key(_statement(Condition=BY_EC2), policies, key=KEY, region="eu-west-3")
    assert found.startswith("EMR's service role lacks kms:CreateGrant")


def test_of_what_the_app_said_the_findings_are_told() -> None:
    said = "FATAL Cluster lacks a target (Fruits)\n   FruitsCompute/Cluster\nTraceback (most recent call last):\n"
    assert why_refused(said) == "Cluster lacks a target (Fruits)"
    assert why_refused("error: region=us-east-1") == "error: region=us-east-1"


def test_patience_ends_when_nothing_has_changed_for_so_long() -> None:
    moments = iter([0, 0, 59, 61, 120, 121])
    patience = Patience(60, lambda: next(moments))
    states = ["PENDING", "PENDING", "RUNNING", "RUNNING", "RUNNING"]
    assert [patience.is_over(state) for state in states] == [False, False, False, False, True]


def test_of_a_log_the_last_warning_is_told() -> None:
    log = "INFO begins\nWARN TaskSchedulerImpl: Initial job has not accepted any resources\nINFO 0 of 36 done\n"
    assert telling_line(log) == "WARN TaskSchedulerImpl: Initial job has not accepted any resources"
    assert telling_line("INFO begins\n\n") == "INFO begins"
    assert telling_line("") == "nothing"


def test_a_cluster_of_which_nobody_is_told_is_found(client: Client) -> None:
    topic = client("sns").create_topic(Name="untold")["TopicArn"]
    (found,) = Listener(client, topic).check_notified("j-1", within_seconds=0)
    assert found.startswith(f"nobody was told of cluster j-1: no event of it came to {topic}")
    assert client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_cluster_of_which_people_are_told_is_found_right(client: Client) -> None:
    topic = client("sns").create_topic(Name="told")["TopicArn"]
    listener = Listener(client, topic)
    client("sns").publish(TopicArn=topic, Message="fruits-demo (j-1) in eu-west-3 is WAITING")
    assert listener.check_notified("j-1") == []


IMAGES = "s3://data/images/"


def _evidence(photographs: int, tables: Mapping[str, list[dict[str, str]]]) -> Evidence:
    return Evidence(
        images=IMAGES,
        photographs={f"Fig/{number}.jpg": "etag" for number in range(photographs)},
        sizes={},
        objects={},
        printed=None,
        manifest={"model": {"identity": "m"}},
        report=None,
        tables={path: pa.Table.from_pylist(rows) for path, rows in tables.items()},
        arrays={},
        records={},
        columns={},
    )


def test_a_plan_for_fewer_slots_than_the_cluster_has_is_found() -> None:
    batches: dict[str, list[dict[str, str]]] = {"features/1": [], "features/2": [], "quarantine/3": []}
    assert check_shares(_evidence(600, batches), 3) == []
    assert check_shares(_evidence(95, {}), 16) == []
    (found,) = check_shares(_evidence(600, {"features/1": [], "features/2": []}), 16)
    assert found.startswith("600 photographs were computed by 2 tasks: of 16 slots of the cluster, 6 could have had")


@pytest.mark.parametrize(
    ("path", "split"), [("Training/Fig/1.jpg", "train"), ("TEST/Fig/1.jpg", "test"), ("Fig/1.jpg", "test")]
)
def test_a_photograph_in_the_split_of_its_folder_is_found_right(path: str, split: str) -> None:
    evidence = _evidence(0, {"projections/1": [{"uri": f"{IMAGES}{path}", "split": split}]})
    assert check_splits(evidence, train="Training", test="Test") == []


def test_a_photograph_in_another_split_than_its_folder_is_found() -> None:
    evidence = _evidence(0, {"projections/1": [{"uri": f"{IMAGES}Entraînement/Fig/1.jpg", "split": "test"}]})
    (found,) = check_splits(evidence, train="Entraînement", test="Test")
    assert f"{IMAGES}Entraînement/Fig/1.jpg is in test" in found


def test_rendered_pictures_in_quarantine_are_found() -> None:
    assert check_rendered(_evidence(0, {})) == []
    row = {"uri": f"{IMAGES}Fig/1.jpg", "reason": "empty", "detail": "the object has no bytes"}
    (found,) = check_rendered(_evidence(0, {"quarantine/model=m/1": [row]}))
    assert found.endswith(f"are in quarantine: {IMAGES}Fig/1.jpg: empty, the object has no bytes")
