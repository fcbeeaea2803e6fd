"""A bucket that photographs are uploaded to."""

from itertools import count

import pytest

from rehearsal.clients import Client
from rehearsal.embedded.aws import EmbeddedAws

_NUMBERS = count()


@pytest.fixture
def bucket(client: Client, aws: EmbeddedAws) -> str:
    """A new bucket."""
    name = f"uploads-{next(_NUMBERS)}"
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
    return name
