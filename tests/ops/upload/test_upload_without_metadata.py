"""Uploading without metadata, against the embedded AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.aws.account import Client
from ops.upload.metadata import without_metadata
from ops.upload.plan import plan_upload
from ops.upload.transfer import Summary, carry_out
from rehearsal.embedded.aws import EmbeddedAws
from tests.ops.commands import fruits_with
from tests.ops.upload.test_metadata import DEVICE, photograph
from tests.rehearsal.small_stacks import make_storage

pytestmark = pytest.mark.server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photographs with metadata, and one of a format whose metadata stays."""
    folder = tmp_path / "photographs" / "Kiwi"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(photograph("JPEG", 6))
    (folder / "2.png").write_bytes(photograph("PNG"))
    (folder / "3.gif").write_bytes(b"GIF89a" + DEVICE.encode())
    return folder.parent


def _upload(client: Client, folder: Path, bucket: str, *, strip: bool) -> Summary:
    return carry_out(client, plan_upload(client, folder, bucket, "images/", strip=strip), lambda done, total: None)


def _object(client: Client, bucket: str, key: str) -> bytes:
    content: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def test_what_is_uploaded_has_no_metadata_and_what_is_here_keeps_it(client: Client, folder: Path, bucket: str) -> None:
    before = (folder / "Kiwi/1.jpg").read_bytes()
    _upload(client, folder, bucket, strip=True)
    assert _object(client, bucket, "images/Kiwi/1.jpg") == without_metadata(before)
    assert (folder / "Kiwi/1.jpg").read_bytes() == before


def test_a_file_that_cannot_be_stripped_is_named_and_not_uploaded(client: Client, folder: Path, bucket: str) -> None:
    summary = _upload(client, folder, bucket, strip=True)
    assert summary.uploaded == 2
    assert list(summary.unreadable) == ["Kiwi/3.gif"]
    listed = client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["images/Kiwi/1.jpg", "images/Kiwi/2.png"]


def test_what_is_there_without_metadata_is_not_uploaded_again(client: Client, folder: Path, bucket: str) -> None:
    _upload(client, folder, bucket, strip=True)
    again = _upload(client, folder, bucket, strip=True)
    assert (again.uploaded, again.unchanged) == (0, 2)


def test_what_is_there_with_metadata_is_replaced_and_where_that_cannot_be_named(
    client: Client, folder: Path, bucket: str
) -> None:
    assert _upload(client, folder, bucket, strip=False).uploaded == 3
    again = _upload(client, folder, bucket, strip=True)
    assert (again.uploaded, list(again.unreadable)) == (2, ["Kiwi/3.gif"])
    assert DEVICE.encode() not in _object(client, bucket, "images/Kiwi/1.jpg")


@pytest.fixture
def storage(client: Client) -> Iterator[str]:
    """The data bucket of a deployment."""
    bucket = make_storage(client)["Data"]
    yield bucket
    s3, cloudformation = client("s3"), client("cloudformation")
    versions = s3.list_object_versions(Bucket=bucket).get("Versions", ())
    for item in versions:
        s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
    cloudformation.delete_stack(StackName="FruitsStorage-demo")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="FruitsStorage-demo", WaiterConfig={"Delay": 1})


@pytest.mark.parametrize(
    "arguments",
    [(), ("--strip-metadata",), ("-c", "strip_metadata=true"), ("-c", "strip_metadata=true", "--keep-metadata")],
    ids=" ".join,
)
def test_the_setting_decides_unless_the_command_says_otherwise(
    aws: EmbeddedAws, client: Client, folder: Path, storage: str, arguments: tuple[str, ...]
) -> None:
    stripped = bool(arguments) and "--keep-metadata" not in arguments
    (folder / "Kiwi/3.gif").unlink()
    said = fruits_with(aws)("images", "upload", str(folder), *arguments)
    assert said.exit_code == 0, said.output
    assert ("without metadata" in said.output) is stripped
    assert (DEVICE.encode() not in _object(client, storage, "images/Kiwi/1.jpg")) is stripped
