"""Users of an embedded AWS who may do everything but one thing."""

import json
from itertools import count
from typing import Any

import boto3
from botocore.config import Config

from ops.aws.account import Client
from rehearsal.embedded.aws import EmbeddedAws

_NUMBERS = count()


def keys_of_user(client: Client, *, deny: str) -> dict[str, str]:
    """Make a user who is denied an action, and return the variables with the user's keys."""
    iam, name = client("iam"), f"user-{next(_NUMBERS)}"
    iam.create_user(UserName=name)
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": deny, "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="all-but-one", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def client_of_user(client: Client, aws: EmbeddedAws, *, deny: str) -> Client:
    """Make a user who is denied an action, and return the user's clients."""
    keys = keys_of_user(client, deny=deny)
    session: Any = boto3.session.Session(
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=aws.region,
    )
    settings = Config(s3={"addressing_style": "path"})
    return lambda service: session.client(
        service, endpoint_url=aws.endpoint, verify=str(aws.authority), config=settings
    )
