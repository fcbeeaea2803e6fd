"""What S3 answers in awkward cases, under its own names: read and written all the same, or told in S3's own words."""

import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from job.errors import JobError, Rejected
from job.storage.listing import Photograph, list_photographs
from job.storage.locations import Location
from job.storage.reading import read_ahead
from job.storage.store import ResultStore
from rehearsal.network.proxy import NameProxy
from tests.aws_names import NamedAws
from tests.faulty_s3 import ARCHIVED, KEY_DENIED, REQUESTER_PAYS, Bucket, FaultyS3, Refusal, faulty_s3
from tests.job.runs import Results, submit
from tests.pictures import jpeg

pytestmark = pytest.mark.spark

KEY = "photos/Apple/1.jpg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyS3]:
    with faulty_s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server: FaultyS3) -> Iterator[NameProxy]:
    with NameProxy(server.port) as running:
        yield running


@pytest.fixture(autouse=True)
def aws(server: FaultyS3, proxy: NameProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> NamedAws:
    named = NamedAws(monkeypatch, proxy, server.authority, tmp_path)
    named.give_keys()
    server.buckets.clear()
    server.requests.clear()
    return named


@pytest.fixture
def bucket(server: FaultyS3) -> Bucket:
    server.buckets["fruits"] = Bucket(objects={KEY: b"content"})
    return server.buckets["fruits"]


def read(root: Location) -> bytes | Rejected:
    """List a root that holds one photograph, and read it."""
    photographs = list_photographs(root).photographs.to_pylist()
    ((_, content),) = read_ahead(root.open(), [Photograph(**row) for row in photographs])
    return content


@pytest.mark.parametrize("region", ["eu-west-3", "eu-west-1", "us-east-1", None])
def test_a_bucket_is_read_and_written_in_its_own_region_whatever_is_configured(
    bucket: Bucket, aws: NamedAws, server: FaultyS3, region: str | None
) -> None:
    aws.configure(f"[default]\nregion = {region}\n" if region else "[default]\n")
    root = Location.parse("s3://fruits/photos")
    assert read(root) == b"content"
    ResultStore(Location.parse("s3://fruits/results")).put("a.bin", b"x")
    assert bucket.objects["results/a.bin"] == b"x"
    assert {host for _, host, _, status in server.requests if status == 200} == {"fruits.s3.eu-west-3.amazonaws.com"}


def test_a_bucket_with_dots_is_named_in_the_path_since_no_certificate_has_its_name(server: FaultyS3) -> None:
    server.buckets["my.fruits"] = Bucket(objects={KEY: b"content"})
    assert read(Location.parse("s3://my.fruits/photos")) == b"content"


@pytest.mark.parametrize(
    ("refusal", "told", "advice"),
    [
        (ARCHIVED, "403 InvalidObjectState: The operation is not valid for the object's storage class", "restore"),
        (KEY_DENIED, "403 AccessDenied: User: arn:aws:sts::111122223333:assumed-role/Nodes/i-1", "grant.* kms:Decrypt"),
        (REQUESTER_PAYS, "403 AccessDenied: Access Denied", "requesters pay"),
    ],
)
def test_a_refused_object_keeps_the_words_of_s3_and_says_what_to_do_in_one_line(
    bucket: Bucket, server: FaultyS3, refusal: Refusal, told: str, advice: str
) -> None:
    bucket.refusals[KEY] = refusal
    rejected = read(Location.parse("s3://fruits/photos"))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "unreadable"
    assert rejected.detail.startswith(told)
    assert re.search(f"; .*{advice}", rejected.detail)
    assert "\n" not in rejected.detail
    assert sum(path == f"/{KEY}" for _, _, path, _ in server.requests) == 1  # it would be refused again


def test_a_bucket_with_object_lock_takes_results_with_a_checksum(bucket: Bucket) -> None:
    bucket.locked = True
    ResultStore(Location.parse("s3://fruits/results")).put("a.bin", b"x")
    assert bucket.objects["results/a.bin"] == b"x"


def test_an_object_lock_without_checksums_is_told_in_the_words_of_s3(bucket: Bucket, aws: NamedAws) -> None:
    bucket.locked = True
    aws.set(AWS_REQUEST_CHECKSUM_CALCULATION="when_required")
    with pytest.raises(JobError, match=r"400 InvalidRequest: Content-MD5 OR x-amz-checksum- .*; let checksums be sent"):
        ResultStore(Location.parse("s3://fruits/results")).put("a.bin", b"x")


def test_no_keys_at_all_are_refused_in_one_line(bucket: Bucket, aws: NamedAws) -> None:
    aws.unset("AWS_ACCESS_KEY_ID")
    with pytest.raises(JobError, match=r"^cannot reach s3://fruits: Unable to locate credentials; log in"):
        Location.parse("s3://fruits/photos").open()


def test_a_certificate_that_is_not_trusted_is_refused_in_one_line(bucket: Bucket, aws: NamedAws) -> None:
    aws.unset("AWS_CA_BUNDLE")
    aws.set(AWS_MAX_ATTEMPTS="1")
    with pytest.raises(JobError, match=r"^cannot reach s3://fruits: .*; name the certificates to trust as ca_b"):
        Location.parse("s3://fruits/photos").open()


def test_a_bundle_of_certificates_that_is_not_there_is_named(bucket: Bucket, aws: NamedAws) -> None:
    aws.set(AWS_CA_BUNDLE="/nowhere/bundle.pem")
    with pytest.raises(
        JobError, match=r"^cannot read the certificates /nowhere/bundle.pem that ca_bundle names: No such"
    ):
        Location.parse("s3://fruits/photos").open()


def test_a_double_slash_in_a_prefix_is_what_spark_makes_of_it(bucket: Bucket) -> None:
    assert read(Location.parse("s3://fruits//photos//Apple/")) == b"content"


def test_a_run_of_which_all_is_refused_says_why(bucket: Bucket, results: Results) -> None:
    bucket.objects = {f"photos/Apple/{number}.jpg": jpeg(number) for number in range(4)}
    bucket.refusals = dict.fromkeys(bucket.objects, ARCHIVED)
    outcome = submit("s3://fruits/photos", results.folder)
    assert outcome.code == 2
    assert "{'unreadable': 4}, such as s3://fruits/photos/Apple/0.jpg: 403 InvalidObjectState: " in outcome.error


def test_what_is_no_answer_of_s3_passes_for_no_fault_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("'None' is not an instance of 'str'")

    monkeypatch.setattr(Location, "open", broken)
    with pytest.raises(TypeError):
        ResultStore(Location.parse("s3://fruits/results"))


def test_the_keys_of_a_profile_travel_to_no_worker(bucket: Bucket, aws: NamedAws) -> None:
    aws.unset("AWS_ACCESS_KEY_ID")
    aws.unset("AWS_SECRET_ACCESS_KEY")
    aws.configure("[default]\naws_access_key_id = AKIDOFMINE\naws_secret_access_key = s3cret\n")
    sent = pickle.dumps(Location.parse("s3://fruits/photos").reached())
    assert b"s3cret" not in sent
    assert b"AKIDOFMINE" not in sent
    assert bytes(obstore.get(pickle.loads(sent).open(), "Apple/1.jpg").bytes()) == b"content"
