"""What a run asks S3 for, counted by the server: `fruits price` counts the same."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from job.features.backbone import Backbone
from job.report.showcase import GALLERY
from job.storage.listing import list_photographs
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA, QUARANTINE_SCHEMA, with_uris
from ops.aws.account import account
from ops.pricing.requests import PACKED, requests_of_run, requests_of_upload
from ops.upload.plan import plan_upload
from ops.upload.transfer import carry_out
from tests.counted_s3 import counted_s3
from tests.job.runs import submit
from tests.pictures import jpeg

PHOTOGRAPHS = 96
DAYS = 1_000
A_DAY = 10  # photographs


@pytest.mark.spark
@pytest.mark.server
@pytest.mark.parametrize("options", [{"batch_size": 16, "csv": False}, {"batch_size": 8, "csv": True}], ids=str)
def test_a_run_asks_s3_as_often_as_its_price_says(
    s3: Any, bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, options: Any
) -> None:
    for number in range(PHOTOGRAPHS):
        s3.put_object(Bucket=bucket, Key=f"images/{'AB'[number % 2]}/{number}.jpg", Body=jpeg(number))
    arguments = ("--batch-size", str(options["batch_size"]), *(("--csv",) if options["csv"] else ()))
    with counted_s3(s3_endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        outcome = submit(f"s3://{bucket}/images", f"s3://{bucket}/results", *arguments)
    assert outcome.counts["features"] == PHOTOGRAPHS
    least, most = (
        requests_of_run(PHOTOGRAPHS, seconds=seconds, **options)
        for seconds in (0, outcome.manifest["seconds"]["featurize"])
    )
    assert counted.counts["get"] == most.gets
    assert counted.counts["put"] == most.puts
    assert least.lists <= counted.counts["list"] <= most.lists


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.server
def test_a_run_with_nothing_to_do_after_a_thousand_daily_runs_is_a_handful_of_requests(
    *, bucket: str, s3_endpoint: str, frozen_backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = f"s3://{bucket}/results"
    _commit_daily(tmp_path, Location.parse(output), frozen_backbone.identity)
    assert submit(tmp_path, output, "--components", "3").counts["computed"] == 0
    with counted_s3(s3_endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        nothing = submit(tmp_path, output, "--components", "3")
    assert "pca" not in nothing.manifest["seconds"]
    assert nothing.counts["features"] == DAYS * A_DAY
    assert counted.counts == {"list": 8, "get": 5, "put": 2}


def _commit_daily(photographs: Path, output: Location, identity: str) -> None:
    """Commit the features of ten photographs each for a thousand days; nobody looks at the photographs any more."""
    for day in range(DAYS):
        for number in range(A_DAY):
            (photographs / "AB"[number % 2]).mkdir(exist_ok=True)
            (photographs / "AB"[number % 2] / f"{day:04} {number}.jpg").write_bytes(b"x")
    root, store, chances = Location.parse(str(photographs)), ResultStore(output), np.random.default_rng(360)
    facts = with_uris(root, list_photographs(root).photographs)

    def commit(day: int) -> None:
        rows = facts.slice(day * A_DAY, A_DAY).select(["uri", "label", "bytes", "etag"]).to_pydict()
        features = np.round(chances.random((A_DAY, 1_280)), 2) // 2**-16 * 2**-16
        rows |= {"width": [1] * A_DAY, "height": [1] * A_DAY, "feature": features.astype(np.float32).tolist()}
        store.commit_batch(identity, pa.table(rows, FEATURES_SCHEMA), QUARANTINE_SCHEMA.empty_table())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commit, range(DAYS)))


@pytest.mark.server
def test_an_upload_asks_s3_as_often_as_its_price_says(
    s3: Any, bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(3):
        (tmp_path / "A").mkdir(exist_ok=True)
        (tmp_path / "A" / f"{number}.jpg").write_bytes(jpeg(number))
    with counted_s3(s3_endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        client = account("eu-west-3")
        carry_out(client, plan_upload(client, tmp_path, bucket, "images/"), lambda done, total: None)
    said = requests_of_upload(3)
    assert counted.counts == {"list": said.lists, "put": said.puts}


def test_the_report_shows_as_many_photographs_as_are_counted() -> None:
    many = 100 * GALLERY
    more = requests_of_run(many, seconds=0).gets - requests_of_run(many, seconds=0, packed=True).gets
    assert more == many - many // PACKED + GALLERY - many // PACKED


def test_packed_photographs_save_the_requests_for_each() -> None:
    loose, packed = (requests_of_upload(1_000_000, packed=packed).puts for packed in (False, True))
    assert (loose, packed) == (1_000_000, 1_000)
