"""The first upload makes the buckets, if that is wanted."""

from pathlib import Path

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.aws.deployment import find_deployment
from ops.local.sample import render_sample
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from tests.ops.commands import fruits_with

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures."""
    render_sample(tmp_path, per_label=5, labels=["Lemon", "Orange"])
    return tmp_path


def _stacks(client: Client) -> set[str]:
    return set(find_deployment(client, env="demo", region="eu-west-3").stacks)


def test_where_nobody_can_be_asked_no_bucket_is_made(aws: EmbeddedAws, client: Client, folder: Path) -> None:
    said = fruits_with(aws)("images", "upload", str(folder))
    assert said.exit_code == 2
    assert "refusing to deploy FruitsStorage-demo without confirmation; add --yes" in said.stderr
    assert _stacks(client) == set()


def test_for_a_folder_without_photographs_no_bucket_is_made(aws: EmbeddedAws, client: Client, tmp_path: Path) -> None:
    said = fruits_with(aws)("images", "upload", str(tmp_path), "--yes")
    assert said.exit_code == 1
    assert "give a folder with <label>/<file> in it" in said.stderr
    assert _stacks(client) == set()


def test_once_that_is_confirmed_buckets_are_made_and_filled(aws: EmbeddedAws, client: Client, folder: Path) -> None:
    Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
    said = fruits_with(aws)("images", "upload", str(folder), "--yes")
    assert said.exit_code == 0, said.output
    assert "FruitsStorage-demo is deployed" in said.stdout
    bucket = find_deployment(client, env="demo", region="eu-west-3").output("FruitsStorage", "DataBucket")
    keys = {item["Key"] for item in client("s3").list_objects_v2(Bucket=bucket, Prefix="images/")["Contents"]}
    assert {key.split("/")[-2] for key in keys if key.endswith(".jpg")} == {"Lemon", "Orange"}
    assert "10 there already" in fruits_with(aws)("images", "upload", str(folder)).stdout
