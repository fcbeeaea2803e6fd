"""An embedded AWS for each file: these tests look at, or harm, everything that an account holds."""

from collections.abc import Iterator

import pytest

from rehearsal.clients import Client, clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS of this file's own."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def client(aws: EmbeddedAws) -> Client:
    """Clients of it."""
    return clients_of(aws)
