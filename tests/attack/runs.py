"""Attacks on runs: killed anywhere, and with an S3 that fails; the next run has the results of one left in peace."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, get_args
from unittest import mock

import boto3
import numpy as np

from tests.attack import driver
from tests.attack.trial import Score
from tests.counted_s3 import CountedS3, Fault, counted_s3
from tests.job.kills import killed_once
from tests.job.runs import submission, submit
from tests.pictures import plant
from tests.s3_server import s3_server

ONE_IN: Final = 500
"""Each trial starts Spark twice: of 5,000, ten are made."""

_ARGUMENTS: Final = ("--batch-size", "4", "--components", "5", "--csv")
_PER_LABEL: Final = 8
_REGION: Final = "eu-west-3"
_BUCKET: Final = "fruits-attack"
_ONE_REQUEST_IN: Final = 12
_FAULTS: Final = get_args(Fault)


def kills(chance: np.random.Generator, count: int, folder: Path) -> Score:
    """Kill runs when they have written so many files; the next run completes what they began."""
    score, photographs = Score(), folder / "photographs"
    plant(photographs, _PER_LABEL)
    with driver.spark():
        whole = folder / "whole"
        wanted = driver.results_of(whole, driver.run(photographs, whole, *_ARGUMENTS))
        files = _files_in(whole)
        for number in range(max(1, count // ONE_IN)):
            results, point = folder / f"results-{number}", int(chance.integers(files))
            reached = killed_once(
                submission(photographs, results, *_ARGUMENTS),
                lambda: _files_in(results) >= point,  # noqa: B023
            )
            ending = driver.run(photographs, results, *_ARGUMENTS)
            score.tried += 1
            name = f"{'killed' if reached else 'ended'} at {point} files of {files}"
            _compare(score, name, ending, results, wanted)
            shutil.rmtree(results)
    return score


def s3_faults(chance: np.random.Generator, count: int, folder: Path) -> Score:
    """Let one request in a dozen fail, in each way in which requests fail; then let a run have its peace."""
    score, photographs = Score(), folder / "photographs"
    plant(photographs, _PER_LABEL)
    with _s3(folder) as door:
        _copy(photographs)
        wanted = driver.results_of(*_run_on_s3("whole", folder))
        for number in range(max(1, count // ONE_IN)):
            with _failing(door, chance):
                disturbed = submit(f"s3://{_BUCKET}/images", f"s3://{_BUCKET}/{number}", *_ARGUMENTS)
            results, ending = _run_on_s3(str(number), folder)
            score.tried += 1
            name = f"{number} (then code {disturbed.code}) after {dict(door.faults)}"
            _compare(score, name, ending, results, wanted)
    return score


def _compare(score: Score, name: str, ending: driver.Ending, results: Path, wanted: dict[str, Any]) -> None:
    if ending.manifest is None:
        score.note(f"{name}: {ending.traceback or ending.said}", lost=True)
        return
    found = driver.results_of(results, ending)
    other = [key for key, value in wanted.items() if found[key] != value]
    score.note(f"{name}: other {', '.join(other)}", wrong=bool(other))


def _files_in(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


@contextmanager
def _s3(folder: Path) -> Iterator[CountedS3]:
    """Serve S3 behind a door, which the environment names."""
    with s3_server(folder, _REGION) as endpoint, counted_s3(endpoint) as door:
        here = {"AWS_ENDPOINT_URL": door.endpoint, "AWS_DEFAULT_REGION": _REGION}
        here |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
        with mock.patch.dict(os.environ, here):
            yield door


@contextmanager
def _failing(door: CountedS3, chance: np.random.Generator) -> Iterator[None]:
    lock = threading.Lock()
    door.faults.clear()

    def fault(_: str) -> Fault | None:
        with lock:
            return _FAULTS[int(chance.integers(len(_FAULTS)))] if not chance.integers(_ONE_REQUEST_IN) else None

    door.fault = fault
    try:
        yield
    finally:
        door.fault = lambda _: None


def _client() -> Any:
    return boto3.session.Session().client("s3")


def _copy(photographs: Path) -> None:
    client = _client()
    client.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": _REGION})
    for path in sorted(photographs.rglob("*.jpg")):
        client.upload_file(str(path), _BUCKET, f"images/{path.relative_to(photographs)}")


def _run_on_s3(output: str, folder: Path) -> tuple[Path, driver.Ending]:
    """Run the job undisturbed, and copy its results here."""
    outcome = submit(f"s3://{_BUCKET}/images", f"s3://{_BUCKET}/{output}", *_ARGUMENTS)
    if outcome.code:
        return folder, driver.Ending(traceback=outcome.error[-500:])
    client, here = _client(), folder / "here" / output
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=f"{output}/"):
        for item in page["Contents"]:
            file = folder / "here" / item["Key"]
            file.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(_BUCKET, item["Key"], str(file))
    return here, driver.Ending(outcome.manifest)
