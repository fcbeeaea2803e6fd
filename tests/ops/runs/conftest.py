"""What tests of runs on an interactive cluster share; those of transient ones have a place of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.aws.cdk import Cdk
from ops.aws.deployment import find_deployment
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.embedded.daemon import embedded_aws
from tests.ops.commands import Fruits, fruits_with
from tests.ops.runs.interactive import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, synthesise: Callable[..., Path]) -> Iterator[Place]:
    """Deploy the environment "dev", with a photograph, once for all tests."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as aws:
        client = clients_of(aws)
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        Cdk(synthesise(env="dev"), aws.environment()).deploy()
        deployment = find_deployment(client, env="dev", region=aws.region)
        bucket = deployment.output("FruitsStorage", "DataBucket")
        client("s3").put_object(Bucket=bucket, Key="images/Kiwi/1.jpg", Body=b"a photograph")
        yield Place(aws, client, deployment)


@pytest.fixture
def _clean(place: Place) -> Iterator[None]:
    yield
    place.results.clear()
    for step in place.steps():
        if step["Status"]["State"] in ("PENDING", "RUNNING"):
            place.client("emr").cancel_steps(ClusterId=place.cluster, StepIds=[step["Id"]])
            if step["Status"]["State"] == "RUNNING":
                place.node.step(place.cluster, step["Id"], "CANCELLED")


@pytest.fixture
def fruits(place: Place) -> Fruits:
    return fruits_with(place.aws)
