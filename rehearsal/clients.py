"""Clients of an embedded AWS, as its root user."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws


def clients_of(aws: EmbeddedAws, **settings: Any) -> Client:
    """Make boto3 clients by the variables that a user's shell gets, and settings of `botocore.config.Config`."""
    variables = aws.variables()
    session: Any = boto3.session.Session(  # stubs know literal names alone
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
