"""``fruits forget``: a photograph goes with all that a run made of it, in all versions; all else stays and is whole."""

import json
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ops.aws.account import AwsRefused, Client
from ops.teardown.forget.erasure import erase
from ops.teardown.forget.subject import read_subject
from ops.teardown.forget.traces import find_traces
from rehearsal.embedded.aws import EmbeddedAws
from tests.job.runs import submit
from tests.ops.commands import Fruits, fruits_with
from tests.pictures import jpeg
from tests.rehearsal.clusters import TAGS, make_roles, run_cluster
from tests.rehearsal.small_stacks import make_storage

pytestmark = [pytest.mark.server, pytest.mark.spark]

GONE = "images/Apple/1 é+#.jpg"
BROKEN = "images/Apple/broken.jpg"
ALIKE = ("images/Apple/1 é+#.jpg.jpg", "images/Pineapple/Apple/1 é+#.jpg")
"""Names that hold that of the photograph."""


@dataclass(frozen=True)
class Made:
    """What a run of the job has left in the data bucket of a deployment."""

    aws: EmbeddedAws
    client: Client
    bucket: str
    objects: dict[str, bytes]

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def restore(self) -> None:
        """Put everything where the run has left it, twice, so that each object has an old version."""
        s3 = self.client("s3")
        for version in self.versions():
            s3.delete_object(Bucket=self.bucket, Key=version[0], VersionId=version[1])
        for _ in range(2):
            for key, content in self.objects.items():
                s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def versions(self) -> list[tuple[str, str]]:
        listed = self.client("s3").list_object_versions(Bucket=self.bucket)
        found = (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
        return [(item["Key"], item["VersionId"]) for item in found]

    def knowing(self, uri: str) -> list[str]:
        """Return the keys of versions that have an address, however it is packed."""
        key = uri.partition("/images/")[2]
        found = []
        for name, version in self.versions():
            if name.partition("images/")[2] == key:
                found.append(name)
                continue
            answer = self.client("s3").get_object(Bucket=self.bucket, Key=name, VersionId=version)
            if uri in _texts(name, answer["Body"].read()):
                found.append(name)
        return found

    def rows(self, folder: str) -> pa.Table:
        """Return all rows of the batches of a folder that a listing shows, by address."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=f"results/{folder}/")
        keys = [item["Key"] for item in listed.get("Contents", ()) if item["Key"].endswith(".parquet")]
        bodies = (s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys)
        return pa.concat_tables(pq.read_table(pa.BufferReader(body)) for body in bodies).sort_by("uri")

    def run(self) -> dict[str, int]:
        """Run the job over what is there."""
        variables = {key: value for key, value in self.aws.environment().items() if value is not None}
        images, results = self.uri("images"), self.uri("results")
        counts = submit(images, results, "--csv", "--batch-size", "8", variables=variables).counts
        return {name: counts[name] for name in ("features", "quarantined", "computed", "reused")}


def _texts(name: str, content: bytes) -> set[str]:
    """Return the addresses in an object: cells of tables, or words between quotes and tags."""
    if name.endswith(".parquet"):
        table = pq.read_table(pa.BufferReader(content))
        texts = {name for name in ("uri", "path") if name in table.column_names}
        return {cell for name in texts for cell in table[name].to_pylist()}
    text = content.decode(errors="replace").encode().decode()
    return set(text.replace("<", '"').replace(">", '"').replace(",", '"').split('"'))


@pytest.fixture(scope="module")
def made(own_client: Client, aws: EmbeddedAws) -> Made:
    client = own_client
    bucket = make_storage(client, policy="Retain", protected=True)["Data"]
    made = Made(aws, client, bucket, {})
    photographs = {f"images/{label}/{number}.jpg": jpeg(number) for label in ("Apple", "Pear") for number in range(8)}
    photographs |= {key: jpeg(20 + number) for number, key in enumerate((GONE, *ALIKE))}
    photographs |= {BROKEN: b"no picture", "images/Apple/broken too.jpg": b"no picture either"}
    for key, content in photographs.items():
        client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    assert made.run()["features"] == 19
    listed = client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    for item in listed:
        made.objects[item["Key"]] = client("s3").get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
    return made


@pytest.fixture
def storage(made: Made) -> Made:
    made.restore()
    return made


@pytest.fixture
def fruits(aws: EmbeddedAws) -> Fruits:
    return fruits_with(aws)


@pytest.mark.parametrize("key", [GONE, BROKEN], ids=["with features", "in quarantine"])
def test_a_photograph_goes_in_all_versions_and_all_else_stays(storage: Made, fruits: Fruits, key: str) -> None:
    uri = storage.uri(key)
    storage.client("s3").delete_object(Bucket=storage.bucket, Key=key)  # its versions are there all the same
    assert storage.knowing(uri)
    before = {folder: storage.rows(folder) for folder in ("features", "quarantine", "projections")}
    said = fruits("forget", uri, "--yes-delete", storage.bucket)
    assert said.exit_code == 0, said.output
    assert "none knows it" in said.output
    assert "the photograph: 2 versions, 1 delete marker" in said.output
    assert storage.knowing(uri) == []
    for folder, rows in before.items():
        assert storage.rows(folder).equals(rows.filter(pc.not_equal(rows["uri"], uri)))
    assert {name for name, _ in storage.versions()} >= {*ALIKE, "results/layout.json"}


def test_the_next_run_counts_on_what_is_left(storage: Made, fruits: Fruits) -> None:
    assert fruits("forget", storage.uri(GONE), "--yes-delete", storage.bucket).exit_code == 0
    assert storage.run() == {"features": 18, "quarantined": 2, "computed": 0, "reused": 20}
    assert storage.knowing(storage.uri(GONE)) == []


def test_an_export_loses_the_record_and_no_other(storage: Made, fruits: Fruits) -> None:
    def records() -> list[str]:
        listed = storage.client("s3").list_objects_v2(Bucket=storage.bucket, Prefix="results/exports/")["Contents"]
        bodies = (storage.client("s3").get_object(Bucket=storage.bucket, Key=item["Key"]) for item in listed)
        return sorted(line for body in bodies for line in body["Body"].read().decode().splitlines())

    before, uri = records(), storage.uri(GONE)
    assert fruits("forget", uri, "--yes-delete", storage.bucket).exit_code == 0
    assert records() == [line for line in before if f'"{uri}"' not in line]


def test_what_a_failure_has_left_is_found_by_the_second_try(storage: Made, fruits: Fruits) -> None:
    uri = storage.uri(GONE)
    subject = read_subject(uri, storage.uri("images/"))
    for share in (0.2, 0.8):
        storage.restore()
        traces = find_traces(storage.client, subject, storage.uri("results/"))
        done = round(share * len(traces.results))
        erase(storage.client, replace(traces, results=traces.results[:done], photograph=(), uploads=()))
        assert fruits("forget", uri, "--yes-delete", storage.bucket).exit_code == 0
        assert storage.knowing(uri) == []


def test_without_the_second_key_nothing_is_deleted(storage: Made, fruits: Fruits) -> None:
    before = storage.versions()
    for given, code in (((), 2), (("--yes-delete", "another"), 1)):
        said = fruits("forget", storage.uri(GONE), *given)
        assert said.exit_code == code
        assert storage.bucket in said.output
    assert storage.versions() == before


@pytest.mark.parametrize("given", ["s3://another/images/Apple/1.jpg", "{images}", "{images}/Apple/", "Apple/1.jpg"])
def test_what_is_no_photograph_of_the_deployment_is_no_first_key(storage: Made, fruits: Fruits, given: str) -> None:
    said = fruits("forget", given.format(images=storage.uri("images")), "--yes-delete", storage.bucket)
    assert said.exit_code == 2
    assert "accepted: " in said.output


def test_a_photograph_of_which_nothing_is_there_is_no_failure(storage: Made, fruits: Fruits) -> None:
    said = fruits("forget", storage.uri("images/Apple/never.jpg"))
    assert said.exit_code == 0, said.output
    assert "Nothing of" in said.output


def test_a_live_cluster_stops_it(storage: Made, fruits: Fruits) -> None:
    make_roles(storage.client)
    cluster = run_cluster(storage.client, Tags=TAGS)
    try:
        said = fruits("forget", storage.uri(GONE), "--yes-delete", storage.bucket)
        assert said.exit_code == 1
        assert cluster in said.output
        assert storage.knowing(storage.uri(GONE))
    finally:
        storage.client("emr").terminate_job_flows(JobFlowIds=[cluster])


def test_objects_of_others_are_left_and_told(storage: Made, fruits: Fruits) -> None:
    uri = storage.uri(GONE)
    storage.client("s3").put_object(Bucket=storage.bucket, Key="results/mine.txt", Body=json.dumps([uri]).encode())
    said = fruits("forget", uri, "--yes-delete", storage.bucket)
    assert said.exit_code == 1
    assert "results/mine.txt" in said.output
    assert set(storage.knowing(uri)) <= {"results/mine.txt"}


def test_what_s3_keeps_is_told(storage: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = read_subject(storage.uri(GONE), storage.uri("images/"))
    traces = find_traces(storage.client, subject, storage.uri("results/"))
    monkeypatch.setattr("ops.teardown.forget.erasure.delete_entries", lambda *_: (0, ["s3://b/key: AccessDenied"]))
    with pytest.raises(AwsRefused, match="S3 has kept"):
        erase(storage.client, traces)
