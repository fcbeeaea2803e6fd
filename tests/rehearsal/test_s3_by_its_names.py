"""The laptop's way to S3: by AWS's own host names, with no variable that names an endpoint."""

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest

from job.errors import JobError
from job.storage.listing import list_photographs
from job.storage.locations import Location
from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.network.proxy import NameProxy
from rehearsal.node.credentials import InstanceCredentials
from rehearsal.node.metadata import MetadataService
from tests.aws_names import NamedAws
from tests.pictures import jpeg
from tests.rehearsal.clusters import NODE_ROLE, make_roles

BUCKET = "fruits-by-name"
KEYS = "aws_access_key_id = test\naws_secret_access_key = test\n"


@pytest.fixture(scope="module")
def proxy(aws: EmbeddedAws, client: Client) -> Iterator[NameProxy]:
    region: Any = aws.region  # stubs know literal names alone
    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    for number in range(6):
        key = f"photos/{'Training' if number < 4 else 'Test'}/{'Apple' if number % 2 else 'Pêche'}/{number}.jpg"
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=jpeg(number))
    with NameProxy(aws.port) as running:
        yield running


@pytest.fixture
def named(aws: EmbeddedAws, proxy: NameProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> NamedAws:
    return NamedAws(monkeypatch, proxy, aws.authority, tmp_path)


def assert_usable(name: str = BUCKET) -> None:
    """List, read and write below one prefix, as the job does; without what the driver knows, and with it."""
    for root in (Location.parse(f"s3://{name}/photos"), Location.parse(f"s3://{name}/photos").reached()):
        assert list_photographs(root).photographs.num_rows == 6
        assert bytes(obstore.get(root.open(), "Training/Apple/1.jpg").bytes()) == jpeg(1)
        store = Location.parse(f"s3://{name}/results").open()
        obstore.put(store, "é.bin", b"x")
        assert [item["path"] for page in obstore.list(store) for item in page] == ["é.bin"]
        obstore.delete(store, "é.bin")


def test_keys_in_the_environment_and_a_region_in_the_configuration_file(named: NamedAws) -> None:
    named.give_keys()
    named.configure("[default]\nregion = eu-west-3\n")
    assert_usable()


def test_keys_in_the_environment_and_no_region_at_all(named: NamedAws) -> None:
    named.give_keys()
    assert_usable()


def test_keys_and_region_in_a_profile(named: NamedAws) -> None:
    named.configure(f"[profile fruits]\nregion = eu-west-3\n{KEYS}")
    named.set(AWS_PROFILE="fruits")
    assert_usable()


def test_keys_that_a_program_gives(named: NamedAws, tmp_path: Path) -> None:
    keys = {"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test"}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    named.configure(f"[default]\nregion = eu-west-3\ncredential_process = cat {tmp_path / 'keys.json'}\n")
    assert_usable()


@pytest.mark.parametrize(
    "configuration",
    [
        "[default]\nregion = eu-west-3\nendpoint_url = {endpoint}\n",
        "[default]\nregion = eu-west-3\nservices = here\n[services here]\ns3 =\n  endpoint_url = {endpoint}\n",
    ],
    ids=["of all services", "of S3"],
)
def test_an_endpoint_in_the_configuration_file_is_used(named: NamedAws, aws: EmbeddedAws, configuration: str) -> None:
    named.give_keys()
    named.configure(configuration.format(endpoint=aws.endpoint))
    assert_usable()


@pytest.mark.parametrize("where", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "file"])
def test_an_endpoint_is_not_used_when_configured_ones_are_to_be_ignored(named: NamedAws, where: str) -> None:
    nobody = "https://127.0.0.1:9"
    named.give_keys()
    if where == "file":
        named.configure(f"[default]\nendpoint_url = {nobody}\n")
    else:
        named.set(**{where: nobody})
    named.set(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert_usable()


def test_the_addressing_style_of_the_configuration_file_is_kept(named: NamedAws) -> None:
    named.give_keys()
    named.configure("[default]\nregion = eu-west-3\ns3 =\n  addressing_style = path\n")
    access = Location.parse(f"s3://{BUCKET}").reached().access
    assert access is not None
    assert access.endpoint == "https://s3.eu-west-3.amazonaws.com"
    assert_usable()


def test_a_bundle_of_certificates_in_the_configuration_file_is_trusted(named: NamedAws, aws: EmbeddedAws) -> None:
    named.give_keys()
    named.unset("AWS_CA_BUNDLE")
    named.configure(f"[default]\nca_bundle = {aws.authority}\n")
    assert_usable()


@pytest.fixture
def metadata(client: Client) -> Iterator[MetadataService]:
    make_roles(client)
    buckets = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": buckets}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    client("iam").put_role_policy(RoleName=NODE_ROLE, PolicyName="by-name", PolicyDocument=document)
    service = MetadataService(InstanceCredentials(client, NODE_ROLE, "i-0123456789abcdef0"), {})
    yield service
    service.close()


def test_the_instance_role(named: NamedAws, metadata: MetadataService) -> None:
    named.unset("AWS_EC2_METADATA_DISABLED")
    named.set(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint, AWS_DEFAULT_REGION="eu-west-3")
    assert_usable()


def test_a_worker_of_a_cluster_needs_no_botocore(named: NamedAws, metadata: MetadataService, tmp_path: Path) -> None:
    named.unset("AWS_EC2_METADATA_DISABLED")
    named.set(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint)
    access = Location.parse(f"s3://{BUCKET}").reached().access
    (tmp_path / "access").write_bytes(pickle.dumps(access))
    script = (
        "import obstore, pickle, sys; access = pickle.load(open(sys.argv[1], 'rb'));"
        "obstore.get(access.open('photos'), 'Training/Apple/1.jpg').bytes();"
        "assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "access"], check=True, timeout=60)


def test_a_name_that_is_not_of_aws_is_not_reached(named: NamedAws) -> None:
    named.give_keys()
    named.set(AWS_ENDPOINT_URL="https://s3.example.com", AWS_MAX_ATTEMPTS="1")
    with pytest.raises(JobError, match=f"^cannot reach s3://{BUCKET}: "):
        Location.parse(f"s3://{BUCKET}").open()
    assert named.proxy.refused[-1].endswith(".example.com:443")


def fruits(*command: str) -> str:
    """Run a command of ours, and return what it printed."""
    whole = [sys.executable, "-m", "ops.cli", *command]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_from_s3_to_s3(named: NamedAws, client: Client) -> None:
    named.give_keys()
    named.configure("[default]\nregion = eu-west-3\n")
    assert fruits("featurize", "--images", f"s3://{BUCKET}/photos", "--output", f"s3://{BUCKET}/résultats")
    report = fruits("report", f"s3://{BUCKET}/résultats", "--no-browser")
    assert Path(report.strip()).read_text(encoding="utf-8").startswith("<!")
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="résultats/")
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    for folder in ("features/", "projections/", "pca/"):
        assert any(key.startswith(f"résultats/{folder}") for key in keys)
    assert sum(key.endswith("/model/metadata/_SUCCESS") for key in keys) == 1
    assert not named.proxy.refused
