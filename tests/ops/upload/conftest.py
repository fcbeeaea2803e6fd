"""A bucket that photographs are uploaded to."""

from itertools import count
from typing import Any

import pytest

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws

_NUMBERS = count()


@pytest.fixture
def bucket(client: Client, aws: EmbeddedAws) -> str:
    """A new bucket."""
    name = f"uploads-{next(_NUMBERS)}"
    region: Any = aws.region  # stubs know literal names alone
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name
