"""Reaching a bucket: the driver asks botocore once, and obstore then goes the same way, on workers too.

See docs/decisions/0160-one-way-to-s3.md.
"""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from obstore.store import S3Store

from job.errors import JobError
from job.storage.refusals import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ClientConfig, S3Config, S3Credential

_FOUND_BY_OBSTORE: Final = frozenset({"env", "iam-role"})
"""Botocore's names for keys in the environment and for the instance role, which obstore finds without its help."""

_FRESH: Final = timedelta(minutes=10)
"""For so long keys are good at least when botocore gives them (botocore.credentials, mandatory refresh)."""


@dataclass(frozen=True)
class S3Access:
    """How a bucket is reached; it travels to the workers, without any secret.

    Parameters
    ----------
    bucket
        Its name.
    endpoint
        Base URL of the bucket's objects; without the bucket's name unless that is part of the host's.
    virtual_hosted
        Whether the bucket's name is part of the host's.
    region
        That requests are signed for: the bucket's own.
    authorities
        Certificates to trust beside the machine's, in PEM.
    credentials
        How botocore found the keys, by its own name for it.
    metadata
        Address of the instance metadata service where it is not the usual one.
    checksums
        Whether a checksum goes with each object that is put, as Object Lock demands.
    """

    bucket: str
    endpoint: str
    virtual_hosted: bool
    region: str
    authorities: str | None = field(repr=False)
    credentials: str
    metadata: str | None
    checksums: bool

    def open(self, prefix: str) -> S3Store:
        """Open a prefix of the bucket for reading and writing objects."""
        options: ClientConfig = {
            "allow_http": self.endpoint.startswith("http:"),
            "pool_idle_timeout": timedelta(seconds=20),
            "timeout": timedelta(seconds=60),
        }
        config: S3Config = {}
        if self.authorities:
            options["root_certificate"] = self.authorities
        if self.metadata:
            config["metadata_endpoint"] = self.metadata
        if self.checksums:
            config["checksum_algorithm"] = "SHA256"
        return S3Store(
            self.bucket,
            prefix=prefix or None,
            # Not `endpoint`, which a variable that botocore was told to ignore would outdo.
            aws_endpoint_url_s3=self.endpoint,
            virtual_hosted_style_request=self.virtual_hosted,
            region=self.region,
            config=config,
            credential_provider=None if self.credentials in _FOUND_BY_OBSTORE else _credentials_of_botocore(),
            client_options=options,
            # Half a minute or more, with connections that are refused at once, too; 3 minutes at most.
            retry_config={
                "max_retries": 12,
                "retry_timeout": timedelta(minutes=3),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=200),
                    "max_backoff": timedelta(seconds=10),
                    "base": 3,
                },
            },
        )


@contextmanager
def asking_s3(what: str, *, otherwise: str = "") -> "Iterator[None]":
    """Turn an error of botocore into one line.

    Parameters
    ----------
    what
        Is asked, for the message: ``list s3://bucket``.
    otherwise
        What to do where nothing better is known.

    Raises
    ------
    JobError
        For whatever S3 or the way to it answers.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as below

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise JobError(f"cannot {what}: {reason_of(error, otherwise=otherwise)}") from error


@cache
def s3_client() -> Any:
    """Return botocore's client of S3, as environment and configuration files of this machine want it."""
    return _session().create_client("s3")


@cache
def access_to(bucket: str) -> S3Access:
    """Find out how a bucket is reached: once a process, since nothing of it changes while that runs.

    Botocore sends a HeadBucket wherever environment, files and S3's redirects lead it. S3 names the bucket's region
    also to those who may not ask for more (API reference of S3, HeadBucket), so a refusal is an answer, too.

    Raises
    ------
    JobError
        If S3 cannot be asked: no keys, no way to it.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - workers of a cluster need not load it

    ways: list[tuple[str, str]] = []

    def note(request: Any, region_name: str, **_: Any) -> None:
        if request.context["input_params"]["Bucket"] == bucket:  # threads share the client
            ways.append((request.url, request.context.get("signing", {}).get("region", region_name)))

    with asking_s3(f"reach s3://{bucket}"):
        session, client = _session(), s3_client()
        authorities = _authorities(session.get_config_variable("ca_bundle"))
        client.meta.events.register_last("before-sign.s3.HeadBucket", note, unique_id=bucket)
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError:
            pass  # whatever is refused here is refused below, where the message can name what it was needed for
        finally:
            client.meta.events.unregister("before-sign.s3.HeadBucket", unique_id=bucket)
        credentials = session.get_credentials()
    url, region = ways[-1]
    parts = urlsplit(url)
    in_path = parts.path.rstrip("/").endswith(f"/{bucket}")
    return S3Access(
        bucket=bucket,
        endpoint=f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(f'/{bucket}')}",
        virtual_hosted=not in_path,
        region=region,
        authorities=authorities,
        credentials=credentials.method,
        metadata=session.get_config_variable("ec2_metadata_service_endpoint"),
        checksums=client.meta.config.request_checksum_calculation == "when_supported",
    )


@cache
def _session() -> Any:
    import botocore.session  # noqa: PLC0415 - 0.2 s and 18 MB a worker, which those of a cluster need not give

    return botocore.session.get_session()


def _credentials_of_botocore() -> "Callable[[], S3Credential]":
    """Let botocore find keys that obstore has no way to: profiles, SSO, assumed roles, programs."""
    credentials = _session().get_credentials()
    if credentials is None:
        raise JobError(
            "the driver found AWS credentials that this worker does not have; give the worker's machine an instance"
            " role, or the driver's files and variables"
        )

    def find() -> "S3Credential":
        keys = credentials.get_frozen_credentials()
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": keys.token,
            "expires_at": datetime.now(UTC) + _FRESH,
        }

    return find


def _authorities(bundle: str | None) -> str | None:
    if not bundle:
        return None
    try:
        return Path(bundle).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise JobError(f"cannot read the certificates {bundle} that ca_bundle names: {error.strerror}") from error
