"""An AWS account, as the user's environment names it: a real one, or the embedded one after `fruits aws env`."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, overload

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)
from botocore.loaders import Loader, create_loader

from ops.errors import FruitsError

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_ec2.client import EC2Client
    from types_boto3_emr.client import EMRClient
    from types_boto3_glue.client import GlueClient
    from types_boto3_iam.client import IAMClient
    from types_boto3_kms.client import KMSClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sns.client import SNSClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_stepfunctions.client import SFNClient


class Client(Protocol):
    """Returns the boto3 client of a service by its name, the same at each call."""

    @overload
    def __call__(self, service: Literal["cloudformation"], /) -> "CloudFormationClient": ...
    @overload
    def __call__(self, service: Literal["ec2"], /) -> "EC2Client": ...
    @overload
    def __call__(self, service: Literal["emr"], /) -> "EMRClient": ...
    @overload
    def __call__(self, service: Literal["glue"], /) -> "GlueClient": ...
    @overload
    def __call__(self, service: Literal["iam"], /) -> "IAMClient": ...
    @overload
    def __call__(self, service: Literal["kms"], /) -> "KMSClient": ...
    @overload
    def __call__(self, service: Literal["s3"], /) -> "S3Client": ...
    @overload
    def __call__(self, service: Literal["sns"], /) -> "SNSClient": ...
    @overload
    def __call__(self, service: Literal["sqs"], /) -> "SQSClient": ...
    @overload
    def __call__(self, service: Literal["stepfunctions"], /) -> "SFNClient": ...
    @overload
    def __call__(self, service: str, /) -> Any: ...


Clients = Callable[[str], Client]
"""Returns the clients of a region by its name."""

_CONFIG: Final = Config(connect_timeout=5, retries={"mode": "standard"}, max_pool_connections=32)
_EMBEDDED_SECONDS: Final = 60.0
"""For a connection to the AWS of this machine, which shakes hands with one client at a time, beside Spark."""
_LOOPBACK: Final = "https://127.0.0.1:"
_ENDPOINT: Final = "AWS_ENDPOINT_URL"
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
)
_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException"}
)


class AwsRefused(FruitsError):
    """AWS cannot be asked, or says no; the message is one line that names the next action."""


class AccessDenied(AwsRefused):
    """The user's own rights do not reach that far."""


def is_embedded() -> bool:
    """Return whether commands ask the embedded AWS of this machine."""
    return os.environ.get(_ENDPOINT, "").startswith(_LOOPBACK)


def account(region: str) -> Client:
    """Return clients of the user's account in a region.

    Credentials and, for the embedded AWS, the endpoint come from where boto3 looks for them.

    Parameters
    ----------
    region
        Region of the deployment.

    Raises
    ------
    AwsRefused
        If the user's profile does not exist.
    """
    try:
        own = botocore.session.Session()
        own.register_component("data_loader", _descriptions())
        session: Any = boto3.session.Session(region_name=region, botocore_session=own)  # stubs know literal names alone
    except ProfileNotFound as error:
        raise AwsRefused(f"{error}; choose another with AWS_PROFILE, or make it: aws configure sso") from None

    config = _CONFIG.merge(Config(connect_timeout=_EMBEDDED_SECONDS)) if is_embedded() else _CONFIG

    @cache
    def client(service: str) -> Any:
        return session.client(service, config=config)

    return client


@cache
def _descriptions() -> Loader:
    """Return what reads botocore's descriptions of services: once, where each session would parse megabytes again."""
    return create_loader()


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn an error of boto3 into one line.

    Parameters
    ----------
    what
        The question, for the message: ``describe the stacks``.

    Raises
    ------
    AccessDenied
        If the user may not ask that.
    AwsRefused
        For anything else that AWS or the way to it answers.
    """
    try:
        yield
    except NoCredentialsError:
        raise AwsRefused(
            f"cannot {what}: no AWS credentials; log in (aws sso login), set AWS_PROFILE,"
            " or try the embedded AWS: fruits aws up, then fruits aws shell"
        ) from None
    except NoRegionError as error:
        raise AwsRefused(f"cannot {what}: {error}") from None
    except ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        if code in _DENIED:
            raise AccessDenied(_line(f"cannot {what}: access denied ({error.operation_name})", message)) from None
        if code in _EXPIRED:
            raise AwsRefused(f"cannot {what}: the AWS credentials are expired or unknown; log in again") from None
        raise AwsRefused(_line(f"cannot {what}: {error.operation_name} answered {code}", message)) from None
    except EndpointConnectionError as error:
        if is_embedded():
            raise AwsRefused(
                f"cannot {what}: the embedded AWS of this shell does not run; start it: fruits aws up,"
                ' or leave it: eval "$(fruits aws env --unset)"'
            ) from None
        raise AwsRefused(f"cannot {what}: {error}") from None
    except BotoCoreError as error:
        raise AwsRefused(f"cannot {what}: {error}") from None


def _line(text: str, message: str) -> str:
    """Put what AWS says behind a text; some services say nothing beside a code."""
    return f"{text}: {message}" if message else text


@contextmanager
def absent(*codes: str) -> Iterator[None]:
    """End the block where AWS answers that there is no such thing.

    Parameters
    ----------
    codes
        Error codes by which the operation says so: ``NoSuchEntity``.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def caller(client: Client) -> Mapping[str, str]:
    """Return who the credentials belong to: Account, Arn and UserId.

    Raises
    ------
    AwsRefused
        If there are none, or AWS does not know them.
    """
    with asking("find out whose credentials these are"):
        identity: Mapping[str, str] = client("sts").get_caller_identity()
    return identity
