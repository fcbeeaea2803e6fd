"""Fixtures around an embedded AWS: one a session, or one for each file of tests that look at all that an account holds.

A conftest.py makes the choice of its folder: ``aws, client = own_aws, own_client``.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.reports import NodeReports


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="session")
def client(aws: EmbeddedAws) -> Client:
    """Clients of it."""
    return clients_of(aws)


@pytest.fixture(scope="module")
def own_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS of this file's own."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="module")
def own_client(aws: EmbeddedAws) -> Client:
    """Clients of it, where `aws` is this file's own."""
    return clients_of(aws)


@pytest.fixture
def node(aws: EmbeddedAws) -> Iterator[NodeReports]:
    """A node that new clusters wait for."""
    reports = NodeReports(aws)
    reports.choose_launch("hold")
    yield reports
    reports.choose_launch("launch")


@pytest.fixture(scope="session")
def cdk(aws: EmbeddedAws) -> Callable[[Path], Cdk]:
    """The CDK's command line for an app, with an account that is bootstrapped."""
    Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
    return lambda app: Cdk(app, aws.environment())


@pytest.fixture(scope="session")
def synthesise(build: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Synthesise the stacks of some settings, once a session for each."""

    @cache
    def synthesise_once(**given: Any) -> Path:
        folder = tmp_path_factory.mktemp("app")
        build(outdir=str(folder), **given).synth()
        return folder

    return synthesise_once
