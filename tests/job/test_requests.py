"""What a run asks S3 for, counted by the server: `fruits price` counts the same."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.arguments import Arguments, parse_arguments
from job.features.backbone import Backbone
from job.report.manifest import run_name
from job.report.showcase import GALLERY
from job.storage import access
from job.storage.contents import write_contents
from job.storage.format import require_layout
from job.storage.index import build_index
from job.storage.layout import PROJECTIONS, RunFolder
from job.storage.listing import list_photographs
from job.storage.names import stem
from job.storage.store import ResultStore
from job.storage.tables import with_uris
from ops.aws.account import account
from ops.pricing.requests import PACKED, requests_of_run, requests_of_upload
from ops.upload.plan import plan_upload
from ops.upload.transfer import carry_out
from tests.counted_s3 import counted_s3
from tests.job.features_at_hand import commit_features
from tests.job.runs import Run, submit
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


@pytest.mark.spark
@pytest.mark.server
def test_a_run_with_nothing_to_do_after_a_thousand_daily_runs_is_a_handful_of_requests(
    *,
    bucket: str,
    s3_endpoint: str,
    frozen_backbone: Backbone,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = ["--images", str(tmp_path), "--output", f"s3://{bucket}/results"]
    with counted_s3(s3_endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        leave_daily_runs(parse_arguments(asked), frozen_backbone.identity)
        access.access_to.cache_clear()  # asks, too
        counted.counts.clear()
        nothing = run(tmp_path, f"s3://{bucket}/results")
    assert "pca" not in nothing.manifest["seconds"]
    assert nothing.counts == {"computed": 0, "reused": DAYS * A_DAY}
    assert counted.counts == {"list": 8, "get": 5, "put": 2}  # a page of a list has 1,000 objects


def leave_daily_runs(arguments: Arguments, identity: str) -> None:
    """Leave what there is after a run on ten new photographs on each of a thousand days; objects hold what is read."""
    for number in range(DAYS * A_DAY):
        file = Path(arguments.images.path, "AB"[number % 2], f"{number:05}.jpg")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    photographs, store = list_photographs(arguments.images).photographs, ResultStore(arguments.output)
    name, rows = run_name(arguments, identity, photographs), with_uris(arguments.images, photographs)

    def commit(day: int) -> None:
        batch = commit_features(store, identity, rows.slice(day * A_DAY, A_DAY), np.ones((A_DAY, 1)))
        store.put(f"{PROJECTIONS.partition(name)}/{stem(batch)}.parquet", b"")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commit, range(DAYS)))
    require_layout(store)
    store.put(RunFolder(name).manifest, json.dumps({"counts": {}}).encode())
    index = build_index(store, identity, arguments.images, photographs)
    write_contents(store, name, [selection.path for selection in index.selections])


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
