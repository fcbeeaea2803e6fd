"""``fruits empty``: all versions go, but only with both keys, and nothing that somebody uses."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from ops.aws.s3.contents import count_contents
from ops.teardown.empty.deletion import delete_all
from ops.teardown.empty.plan import EmptyingPlan, Part
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from tests.ops.commands import Fruits, fruits_with
from tests.rehearsal.clusters import TAGS, make_roles, run_cluster
from tests.rehearsal.small_stacks import make_storage

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import TagTypeDef

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def fruits(aws: EmbeddedAws) -> Fruits:
    return fruits_with(aws)


@pytest.fixture
def storage(client: Client) -> Iterator[dict[str, str]]:
    """FruitsStorage-demo, deployed so that its data may go, with something of every sort in it."""
    names = make_storage(client)
    fill(client, names["Data"])
    client("s3").put_object(Bucket=names["Logs"], Key="emr/j-1/steps/stderr.gz", Body=b"log")
    yield names
    remove(client, names)


def fill(client: Client, bucket: str) -> None:
    s3 = client("s3")
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="images/apple/1 é+#.jpg", Body=b"apple")
    s3.put_object(Bucket=bucket, Key="results/features/part.parquet", Body=b"features")
    s3.put_object(Bucket=bucket, Key="results/pca.json", Body=b"gone")
    s3.delete_object(Bucket=bucket, Key="results/pca.json")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="results/unfinished")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="results/unfinished", UploadId=upload, PartNumber=1, Body=b"12345678")


def remove(client: Client, names: dict[str, str]) -> None:
    parts = [Part(name, "", count_contents(client("s3"), name)) for name in names.values()]
    delete_all(client, EmptyingPlan("", parts))
    cloudformation = client("cloudformation")
    cloudformation.update_termination_protection(StackName="FruitsStorage-demo", EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName="FruitsStorage-demo")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="FruitsStorage-demo", WaiterConfig={"Delay": 1})
    for name in names.values():
        if name in {item["Name"] for item in client("s3").list_buckets()["Buckets"]}:
            client("s3").delete_bucket(Bucket=name)


def test_the_plan_counts_versions_markers_and_unfinished_uploads(client: Client, storage: dict[str, str]) -> None:
    contents = count_contents(client("s3"), storage["Data"])
    assert (contents.objects, contents.versions, contents.markers, contents.uploads) == (2, 2, 1, 1)
    assert contents.size == 5 + 5 + 8 + 4 + 8


def test_counting_stops_where_it_is_told_to(aws: EmbeddedAws, client: Client, storage: dict[str, str]) -> None:
    for number in range(3):
        client("s3").put_object(Bucket=storage["Code"], Key=f"{number}", Body=b"")
    s3 = clients_of(aws)("s3")
    s3.meta.events.register(
        "before-parameter-build.s3.ListObjectVersions", lambda params, **_: params.update(MaxKeys=2)
    )
    assert str(count_contents(s3, storage["Code"], most=2)).startswith("at least 2 objects")


def test_both_keys_empty_all_buckets(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    result = fruits("empty", "--yes-delete", storage["Data"])
    assert result.exit_code == 0, result.output
    assert "2 objects, 2 old versions, 1 delete marker, 1 unfinished upload" in result.output
    assert "7 deleted" in result.output
    for name in storage.values():
        assert count_contents(client("s3"), name).empty


def test_emptying_again_finds_nothing(fruits: Fruits, storage: dict[str, str]) -> None:
    fruits("empty", "--yes-delete", storage["Data"])
    result = fruits("empty")
    assert result.exit_code == 0
    assert "Nothing to delete" in result.output


def test_a_folder_alone_is_emptied(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    result = fruits("empty", "--prefix", "results/", "--yes-delete", storage["Data"])
    assert result.exit_code == 0, result.output
    assert count_contents(client("s3"), storage["Data"], prefix="results/").empty
    assert count_contents(client("s3"), storage["Data"], prefix="images/").entries == 2
    assert count_contents(client("s3"), storage["Logs"]).objects == 1


def test_a_folder_that_is_none_is_refused(fruits: Fruits, storage: dict[str, str]) -> None:
    result = fruits("empty", "--prefix", "results", "--yes-delete", storage["Data"])
    assert result.exit_code == 2
    assert "ends in a slash" in result.output


def test_without_the_second_key_nothing_is_deleted(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    result = fruits("empty")
    assert result.exit_code == 2
    assert f"--yes-delete {storage['Data']}" in result.output
    assert count_contents(client("s3"), storage["Data"]).entries == 6


def test_another_name_is_no_second_key(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    result = fruits("empty", "--yes-delete", storage["Logs"])
    assert result.exit_code == 1
    assert "nothing is deleted" in result.output
    assert count_contents(client("s3"), storage["Data"]).entries == 6


@pytest.mark.parametrize("deployed", [{"policy": "Retain"}, {"protected": True}], ids=["kept buckets", "protected"])
def test_without_the_first_key_nothing_is_deleted(client: Client, fruits: Fruits, deployed: dict[str, object]) -> None:
    policy, protected = str(deployed.get("policy", "Delete")), bool(deployed.get("protected"))
    names = make_storage(client, policy=policy, protected=protected)
    try:
        client("s3").put_object(Bucket=names["Data"], Key="images/apple.jpg", Body=b"apple")
        result = fruits("empty", "--yes-delete", names["Data"])
        assert result.exit_code == 1
        assert "cdk deploy FruitsStorage -c env=demo -c remove_data=true" in result.output
        assert count_contents(client("s3"), names["Data"]).objects == 1
    finally:
        remove(client, names)


def test_the_bucket_of_a_live_cluster_is_not_emptied(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    make_roles(client)
    cluster = run_cluster(client, Name="other", Tags=[], LogUri=f"s3://{storage['Logs']}/emr/")
    try:
        result = fruits("empty", "--yes-delete", storage["Data"])
        assert result.exit_code == 1
        assert f"cluster {cluster} (other) is WAITING" in result.output
        assert count_contents(client("s3"), storage["Logs"]).objects == 1
    finally:
        client("emr").terminate_job_flows(JobFlowIds=[cluster])


def test_a_cluster_of_somebody_else_hinders_nothing(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    make_roles(client)
    cluster = run_cluster(client, Name="other", Tags=[])
    try:
        assert fruits("empty", "--yes-delete", storage["Data"]).exit_code == 0
    finally:
        client("emr").terminate_job_flows(JobFlowIds=[cluster])


def test_without_a_deployment_the_next_action_is_named(fruits: Fruits) -> None:
    result = fruits("empty")
    assert result.exit_code == 1
    assert "FruitsStorage-demo is not deployed in eu-west-3" in result.output
    assert "fruits leaks -c env=demo" in result.output


def test_a_bucket_that_no_stack_holds_takes_both_keys_too(client: Client, fruits: Fruits) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="orphan", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_tagging(Bucket="orphan", Tagging={"TagSet": TAGS})
    s3.put_object(Bucket="orphan", Key="apple", Body=b"apple")
    try:
        assert "-c remove_data=true" in fruits("empty", "--bucket", "orphan", "--yes-delete", "orphan").output
        assert fruits("empty", "--bucket", "orphan", "-c", "remove_data=true").exit_code == 2
        assert count_contents(s3, "orphan").objects == 1
        both = ("--bucket", "orphan", "-c", "remove_data=true", "--yes-delete", "orphan")
        assert fruits("empty", *both).exit_code == 0
        assert count_contents(s3, "orphan").empty
    finally:
        s3.delete_object(Bucket="orphan", Key="apple")
        s3.delete_bucket(Bucket="orphan")


def test_a_bucket_of_somebody_else_is_refused(client: Client, fruits: Fruits) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="neighbour", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    tags: list[TagTypeDef] = [TAGS[0], {"Key": "environment", "Value": "dev"}]
    s3.put_bucket_tagging(Bucket="neighbour", Tagging={"TagSet": tags})
    try:
        result = fruits("empty", "--bucket", "neighbour", "-c", "remove_data=true", "--yes-delete", "neighbour")
        assert result.exit_code == 1
        assert "not of this environment" in result.output
    finally:
        s3.delete_bucket(Bucket="neighbour")


def test_a_bucket_of_the_stack_is_no_orphan(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    client("s3").put_bucket_tagging(Bucket=storage["Data"], Tagging={"TagSet": TAGS})
    both = ("-c", "remove_data=true", "--yes-delete", storage["Data"])
    result = fruits("empty", "--bucket", storage["Data"], *both)
    assert result.exit_code == 1
    assert "belongs to FruitsStorage-demo" in result.output
    assert count_contents(client("s3"), storage["Data"]).entries == 6


def test_the_name_may_be_typed_at_a_terminal(aws: EmbeddedAws, client: Client, storage: dict[str, str]) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "empty"],
        cwd=ROOT,
        env=aws.environment(),
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(inside)
    os.write(terminal, f"{storage['Data']}\n".encode())
    said, _ = process.communicate(timeout=120)
    os.close(terminal)
    assert process.returncode == 0, said
    assert b"Type the bucket's name" in said
    assert count_contents(client("s3"), storage["Data"]).empty


def test_more_than_a_batch_is_deleted(client: Client, fruits: Fruits, storage: dict[str, str]) -> None:
    for number in range(1_005):
        client("s3").put_object(Bucket=storage["Code"], Key=f"notebooks/{number:04}", Body=b"")
    result = fruits("empty", "--yes-delete", storage["Data"])
    assert "1,012 deleted" in result.output
    assert count_contents(client("s3"), storage["Code"]).empty


def test_what_s3_keeps_is_named_and_the_rest_is_deleted(client: Client, fruits: Fruits) -> None:
    s3, name = client("s3"), "locked"
    s3.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-3"},
    )
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})
    for key in ("held", "free"):
        s3.put_object(Bucket=name, Key=key, Body=b"apple")
    s3.put_object_legal_hold(Bucket=name, Key="held", LegalHold={"Status": "ON"})
    command = ("empty", "--bucket", name, "-c", "remove_data=true", "--yes-delete", name)
    result = fruits(*command)
    assert result.exit_code == 1
    assert "S3 has kept 1 of the entries, all others are deleted: s3://locked/held: AccessDenied" in result.output
    assert [item["Key"] for item in s3.list_object_versions(Bucket=name)["Versions"]] == ["held"]
    s3.put_object_legal_hold(Bucket=name, Key="held", LegalHold={"Status": "OFF"})
    assert fruits(*command).exit_code == 0
    s3.delete_bucket(Bucket=name)


def test_an_entry_that_s3_was_too_busy_for_is_tried_again(
    aws: EmbeddedAws, client: Client, storage: dict[str, str]
) -> None:
    (version,) = client("s3").list_object_versions(Bucket=storage["Logs"])["Versions"]
    answers: list[dict[str, Any]] = []

    def pretend_to_be_busy(parsed: dict[str, Any], **_: Any) -> None:
        if not answers:
            parsed["Errors"] = [{"Key": version["Key"], "VersionId": version["VersionId"], "Code": "SlowDown"}]
        answers.append(parsed)

    other = clients_of(aws)
    other("s3").meta.events.register("after-call.s3.DeleteObjects", pretend_to_be_busy)
    part = Part(storage["Logs"], "", count_contents(client("s3"), storage["Logs"]))
    assert delete_all(other, EmptyingPlan(storage["Logs"], [part])) == 1
    assert len(answers) == 2
