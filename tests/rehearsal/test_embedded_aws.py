"""The process: starts, is found again, keeps what it knows, ends; and the commands around it."""

import os
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from rehearsal import commands
from rehearsal.clients import clients_of
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import EmbeddedAws, find_aws
from rehearsal.embedded.daemon import forget, start_aws, stop_aws
from tests.rehearsal.clusters import PATIENCE_SECONDS, saved, wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose embedded AWS ends with the test."""
    yield tmp_path / "aws"
    stop_aws(tmp_path / "aws")


def _deploy_something(aws: EmbeddedAws) -> None:
    client = clients_of(aws)
    client("s3").create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    client("s3").put_object(Bucket="kept", Key="apple/1.jpg", Body=b"apple")
    client("emr").create_security_configuration(Name="kept", SecurityConfiguration="{}")


def _what_was_deployed(aws: EmbeddedAws) -> tuple[bytes, list[str]]:
    client = clients_of(aws)
    content: bytes = client("s3").get_object(Bucket="kept", Key="apple/1.jpg")["Body"].read()
    return content, [item["Name"] for item in client("emr").list_security_configurations()["SecurityConfigurations"]]


def test_stopped_and_started_again_it_knows_what_was_deployed(folder: Path) -> None:
    first = start_aws(folder)
    _deploy_something(first)
    assert stop_aws(folder)
    assert find_aws(folder) is None
    assert not psutil.pid_exists(first.pid)
    second = start_aws(folder)
    assert second.port == first.port
    assert _what_was_deployed(second) == (b"apple", ["kept"])


def test_killed_and_started_again_it_knows_what_was_deployed(folder: Path) -> None:
    first = start_aws(folder)
    _deploy_something(first)
    wait_for(lambda: "kept" in saved(folder, "s3") and "kept" in saved(folder, "emr"))
    os.kill(first.pid, signal.SIGKILL)
    psutil.Process(first.pid).wait(timeout=PATIENCE_SECONDS)
    assert find_aws(folder) is None
    assert _what_was_deployed(start_aws(folder)) == (b"apple", ["kept"])


def test_it_listens_to_this_machine_alone(aws: EmbeddedAws) -> None:
    listening = {item.laddr for item in psutil.Process(aws.pid).net_connections() if item.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", aws.port), ("127.0.0.1", aws.inside_port)}


def test_clients_without_its_authority_do_not_trust_it(aws: EmbeddedAws) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{aws.endpoint}/_ministack/health", context=ssl.create_default_context())


def test_nobody_gets_in_without_a_key_it_gave(aws: EmbeddedAws) -> None:
    client = clients_of(aws)
    user = client("iam").create_user(UserName="nobody")["User"]["UserName"]
    key = client("iam").create_access_key(UserName=user)["AccessKey"]
    import boto3

    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=aws.region)
    emr = session.client("emr", endpoint_url=aws.endpoint, verify=str(aws.authority))
    with pytest.raises(ClientError, match="not authorized to perform: elasticmapreduce:ListClusters"):
        emr.list_clusters()


def test_a_second_one_in_the_same_folder_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(DaemonFailed, match=f"runs in {aws.folder} already, at {aws.endpoint}"):
        start_aws(Path(aws.folder))


def test_what_does_not_start_says_why_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{folder.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (folder.parent / "ministack").mkdir()
    (folder.parent / "ministack" / "__init__.py").write_text("raise SystemExit('error: broken')", encoding="utf-8")
    with pytest.raises(DaemonFailed, match=r"did not start: error: broken \(log: .*aws\.log\)"):
        start_aws(folder)
    assert find_aws(folder) is None


def test_only_the_folder_of_a_stopped_one_is_deleted(aws: EmbeddedAws, tmp_path: Path) -> None:
    with pytest.raises(DaemonFailed, match="stop it first"):
        forget(Path(aws.folder))
    (tmp_path / "photographs").mkdir()
    with pytest.raises(DaemonFailed, match="is not the folder of an embedded AWS"):
        forget(tmp_path / "photographs")
    assert (tmp_path / "photographs").exists()


def test_the_commands_start_show_and_stop_it(folder: Path) -> None:
    run = CliRunner().invoke
    place = ["--folder", str(folder)]
    assert "start it: fruits aws up" in run(commands.aws, ["env", *place]).output
    started = run(commands.aws, ["up", *place])
    assert started.exit_code == 0
    running = find_aws(folder)
    assert running is not None
    assert running.endpoint in started.output
    assert run(commands.aws, ["up", *place]).exit_code == 0  # as it is already
    script = run(commands.aws, ["env", *place]).stdout
    seen = subprocess.run(
        ["bash", "-c", f"export AWS_PROFILE=mine\n{script}\necho $AWS_ENDPOINT_URL ${{AWS_PROFILE-none}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == [running.endpoint, "none"]
    assert "stopped" in run(commands.aws, ["down", "--delete", *place]).output
    assert not psutil.pid_exists(running.pid)
    assert not folder.exists()
    assert "was not running" in run(commands.aws, ["down", *place]).output
