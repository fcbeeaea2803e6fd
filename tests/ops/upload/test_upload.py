"""Photographs on their way to S3, against the embedded AWS."""

import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import AccessDenied, Client
from ops.upload.plan import UploadRefused, plan_upload
from ops.upload.transfer import Summary, carry_out
from rehearsal.embedded.aws import EmbeddedAws
from tests.rehearsal.users import client_of_user

pytestmark = pytest.mark.server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photographs of two labels in two splits; what they show is of no account to S3."""
    for path in ("Training/Kiwi/1.jpg", "Training/Pear/1.png", "Test/Kiwi/9 é#%+.jpg"):
        file = tmp_path / "photographs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    return tmp_path / "photographs"


def _upload(client: Client, folder: Path, bucket: str, **options: Any) -> Summary:
    return carry_out(client, plan_upload(client, folder, bucket, "images/"), lambda done, total: None, **options)


def _keys(client: Client, bucket: str) -> set[str]:
    return {item["Key"] for item in client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())}


def test_photographs_keep_their_names_and_get_their_types(client: Client, folder: Path, bucket: str) -> None:
    told: list[tuple[int, int]] = []
    plan = plan_upload(client, folder, bucket, "images")
    summary = carry_out(client, plan, lambda done, total: told.append((done, total)))
    assert (summary.uploaded, summary.unchanged, told[0], told[-1]) == (3, 0, (0, 3), (3, 3))
    assert _keys(client, bucket) == {
        "images/Training/Kiwi/1.jpg",
        "images/Training/Pear/1.png",
        "images/Test/Kiwi/9 é#%+.jpg",
    }
    png = client("s3").get_object(Bucket=bucket, Key="images/Training/Pear/1.png")
    assert (png["ContentType"], png["Body"].read()) == ("image/png", b"Training/Pear/1.png")


def test_what_is_there_already_is_not_uploaded_again(client: Client, folder: Path, bucket: str) -> None:
    _upload(client, folder, bucket)
    summary = _upload(client, folder, bucket)
    assert (summary.uploaded, summary.unchanged) == (0, 3)


def test_a_changed_photograph_of_the_same_size_is_uploaded(client: Client, folder: Path, bucket: str) -> None:
    _upload(client, folder, bucket)
    (folder / "Training/Kiwi/1.jpg").write_bytes(b"training/kiwi/1.jpg")
    plan = plan_upload(client, folder, bucket, "images/")
    assert (plan.new, plan.changed) == ([], ["Training/Kiwi/1.jpg"])
    assert _upload(client, folder, bucket).uploaded == 1
    body = client("s3").get_object(Bucket=bucket, Key="images/Training/Kiwi/1.jpg")["Body"].read()
    assert body == b"training/kiwi/1.jpg"


def test_what_is_gone_from_the_folder_stays_on_s3_unless_told(client: Client, folder: Path, bucket: str) -> None:
    _upload(client, folder, bucket)
    (folder / "Training/Pear/1.png").unlink()
    assert _upload(client, folder, bucket).deleted == 0
    assert "images/Training/Pear/1.png" in _keys(client, bucket)
    assert _upload(client, folder, bucket, delete=True).deleted == 1
    assert "images/Training/Pear/1.png" not in _keys(client, bucket)


def test_deleting_leaves_alone_what_is_no_photograph(client: Client, folder: Path, bucket: str) -> None:
    for key in ("images/", "images/.kept/1.jpg", "other/1.jpg"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    assert _upload(client, folder, bucket, delete=True).deleted == 0
    assert {"images/", "images/.kept/1.jpg", "other/1.jpg"} <= _keys(client, bucket)


def test_what_is_left_out_is_planned_to_be_told(client: Client, folder: Path, bucket: str) -> None:
    (folder / "Training" / "Kiwi" / "_DSC0001.JPG").write_bytes(b"x")
    (folder / "archive.zip").write_bytes(b"x")
    plan = plan_upload(client, folder, bucket, "images/")
    assert "Training/Kiwi/_DSC0001.JPG" in plan.new
    assert plan.left_out == "1 archives, to be unpacked, such as 'archive.zip'"


def test_a_folder_of_a_mac_and_the_same_of_another_machine_are_uploaded_once(
    client: Client, folder: Path, bucket: str, tmp_path: Path
) -> None:
    for form in ("NFC", "NFD"):
        file = tmp_path / form / unicodedata.normalize(form, "P\u00eache") / "1.jpg"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    assert _upload(client, tmp_path / "NFD", bucket, delete=True).uploaded == 1
    assert _keys(client, bucket) == {"images/P\u00eache/1.jpg"}
    assert _upload(client, tmp_path / "NFC", bucket, delete=True).unchanged == 1


def test_two_files_whose_names_differ_in_the_form_of_accents_alone_are_both_uploaded(
    client: Client, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "both").mkdir()
    for form in ("NFC", "NFD"):
        (tmp_path / "both" / unicodedata.normalize(form, "p\u00eache.jpg")).write_text(form)
    assert _upload(client, tmp_path / "both", bucket).uploaded == 2
    assert len(_keys(client, bucket)) == 2


def test_hidden_files_stay_but_for_the_marker_of_a_rendered_sample(client: Client, folder: Path, bucket: str) -> None:
    for name in (".DS_Store", "_sample.json"):
        (folder / name).write_text("{}")
    summary = _upload(client, folder, bucket)
    assert summary.uploaded == 3
    assert "images/_sample.json" in _keys(client, bucket)
    assert "images/.DS_Store" not in _keys(client, bucket)


def test_photographs_do_not_go_on_being_said_to_be_rendered(client: Client, folder: Path, bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="images/_sample.json", Body=b"{}")
    assert plan_upload(client, folder, bucket, "images/").gone == ["_sample.json"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_uploaded(
    client: Client, folder: Path, bucket: str
) -> None:
    (folder / "Training/Pear/broken.png").symlink_to("nowhere")
    summary = _upload(client, folder, bucket)
    assert (summary.uploaded, dict(summary.unreadable)) == (3, {"Training/Pear/broken.png": os.strerror(2)})


@pytest.mark.parametrize(
    ("name", "message"), [("empty", "no photograph under .*/empty"), ("nowhere", "no folder .*/nowhere")]
)
def test_a_folder_without_photographs_is_refused(
    client: Client, tmp_path: Path, bucket: str, name: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UploadRefused, match=message):
        _upload(client, tmp_path / name, bucket)


def test_who_may_not_put_objects_is_told_so(client: Client, aws: EmbeddedAws, folder: Path, bucket: str) -> None:
    denied = client_of_user(client, aws, deny="s3:PutObject")
    with pytest.raises(AccessDenied, match=rf"cannot upload to s3://{bucket}/images/: access denied \(PutObject\)"):
        _upload(denied, folder, bucket)
