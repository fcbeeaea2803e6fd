"""Rows of the job on images in an S3 server behind a proxy that delays each request."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import boto3
import psutil

from bench.job_rows import row_of, submit_job
from bench.measure import stop
from bench.row import Row
from bench.settings import ROOT, RowFailed, Settings, free_port, fresh_folder

BUCKET = "photographs"
REGION: Final = "eu-west-3"

_START_SECONDS = 60.0
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


def s3_without_delay(settings: Settings) -> Row:
    """Run the job through the proxy as it is."""
    return _row("s3-0ms", 0, settings)


def s3_with_delay(settings: Settings) -> Row:
    """Run the job with 30 ms added to each request."""
    return _row("s3-30ms", 30, settings)


def _row(name: str, milliseconds: int, settings: Settings) -> Row:
    settings.freeze()
    with _server() as server:
        _upload(f"http://{server}", settings.images, settings.spread(settings.s3_images))
        with delaying_proxy(server, milliseconds) as endpoint:
            variables = {**_CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}
            output = fresh_folder(name)
            measured = submit_job(name, f"s3://{BUCKET}", output, variables=variables)
    text = (
        f"the job from S3, {milliseconds} ms added to each request; server and proxy share the {os.cpu_count()} cores"
    )
    return row_of(name, text, measured, output)


@contextlib.contextmanager
def _server() -> Iterator[str]:
    """Run an S3 server that keeps its objects in memory; give its host and port."""
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ministack"]
        with _running(command, cwd=folder, env={**environment, **settings}, stdout=subprocess.DEVNULL) as process:
            _wait_until_healthy(process, f"http://127.0.0.1:{port}/_ministack/health")
            yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def delaying_proxy(server: str, milliseconds: int) -> Iterator[str]:
    """Run `bench.delay_proxy` in front of a server in a process of its own; give its URL."""
    command = [sys.executable, "-m", "bench.delay_proxy", "--to", server, "--milliseconds", str(milliseconds)]
    with _running(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        port = int(process.stdout.readline())
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _running(command: Sequence[str], **options: Any) -> Iterator[Any]:
    process = psutil.Popen(command, stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        stop(process)
        process.wait()


def _wait_until_healthy(process: Any, url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.1)
    raise RowFailed(f"the S3 server did not answer at {url} (exit code {process.poll()}); is ministack installed?")


def _upload(endpoint: str, root: Path, paths: Sequence[str]) -> None:
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: client.put_object(Bucket=BUCKET, Key=path, Body=(root / path).read_bytes()), paths))
