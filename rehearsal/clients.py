"""Clients of an embedded AWS, as its root user."""

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.embedded.aws import EmbeddedAws

Client = Callable[[str], Any]
"""Gives the boto3 client of a service by its name, the same at each call."""


def clients_of(aws: EmbeddedAws, **settings: Any) -> Client:
    """Make boto3 clients by the variables that a user's shell gets, and settings of `botocore.config.Config`."""
    variables = aws.variables()
    session: Any = boto3.session.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )

    @cache
    def client(service: str) -> Any:
        return session.client(
            service,
            endpoint_url=aws.endpoint,
            verify=variables["AWS_CA_BUNDLE"],
            config=Config(s3={"addressing_style": "path"}, **settings),
        )

    return client
