"""Logs on their way to the log bucket, laid out as EMR does it, with the rights of the instance role."""

import gzip
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.credentials import InstanceCredentials, RoleRefused

LOGS: Final = ("controller", "syslog", "stdout", "stderr")
"""Names of the files that EMR takes for logs."""

_log = logging.getLogger("fruits.node")


class InstanceS3:
    """S3 with the rights of an instance role.

    Parameters
    ----------
    aws
        Where S3 is.
    credentials
        Of the role.
    port
        Of the embedded AWS: where calls from inside a network arrive, if the instance is in one without a way out.
    """

    def __init__(self, aws: EmbeddedAws, credentials: InstanceCredentials, *, port: int) -> None:
        self._aws = aws
        self._endpoint = f"https://127.0.0.1:{port}"
        self._credentials = credentials
        self._known: Mapping[str, Any] = {}
        self._client: Any = None

    def client(self) -> Any:
        """Return the boto3 client, a new one when the credentials are."""
        current = self._credentials.current()
        if current is not self._known:
            session = boto3.session.Session(
                aws_access_key_id=current["AccessKeyId"],
                aws_secret_access_key=current["SecretAccessKey"],
                aws_session_token=current["SessionToken"],
                region_name=self._aws.region,
            )
            settings = Config(s3={"addressing_style": "path"}, connect_timeout=2, retries={"total_max_attempts": 2})
            self._client = session.client(
                "s3", endpoint_url=self._endpoint, verify=str(self._aws.authority), config=settings
            )
            self._known = current
        return self._client


class LogUpload:
    """Uploads what has changed since the last time.

    Parameters
    ----------
    s3
        With which rights.
    uri
        The cluster's ``LogUri``; empty if it has none, and nothing is uploaded.
    cluster_id, instance_id
        Name folders.
    """

    def __init__(self, s3: InstanceS3, uri: str, *, cluster_id: str, instance_id: str) -> None:
        self._s3 = s3
        bucket, _, prefix = uri.partition("://")[2].partition("/")
        self._bucket = bucket
        self._folder = f"{prefix.rstrip('/')}/{cluster_id}".lstrip("/")
        self._instance_id = instance_id
        self._sizes: dict[Path, int] = {}
        self._pending: dict[Path, str] = {}

    def uri_of_step(self, step_id: str, name: str) -> str:
        """Return where a log of a step is, or will be."""
        return f"s3://{self._bucket}/{self._folder}/steps/{step_id}/{name}.gz" if self._bucket else ""

    def upload_step(self, step_id: str, folder: Path) -> None:
        """Upload the logs of a step."""
        self._upload(folder, f"steps/{step_id}")

    def upload_bootstrap(self, number: int, folder: Path) -> None:
        """Upload the logs of a bootstrap action."""
        self._upload(folder, f"node/{self._instance_id}/bootstrap-actions/{number}")

    def upload_container(self, application: str, container: str, folder: Path) -> None:
        """Upload what a container of an application has printed."""
        self._upload(folder, f"containers/{application}/{container}")

    def upload_application(self, application: str, name: str, path: Path) -> None:
        """Upload the log of an application that EMR has installed, under the name it has there."""
        place = f"node/{self._instance_id}/applications/{application}/{name}.gz"
        if self._bucket and path.exists():
            self._upload_file(path, place)

    def upload_pending(self) -> None:
        """Upload what could not be while AWS was away."""
        for folder, place in list(self._pending.items()):
            self._upload(folder, place)

    def _upload(self, folder: Path, place: str) -> None:
        self._pending.pop(folder, None)
        for path in sorted(folder.iterdir()) if self._bucket else ():
            if path.name not in LOGS:  # executors work where their logs are
                continue
            if not self._upload_file(path, f"{place}/{path.name}.gz"):
                self._pending[folder] = place

    def _upload_file(self, path: Path, place: str) -> bool:
        """Upload a file if it has changed; return whether AWS was there to take it."""
        size = path.stat().st_size
        if self._sizes.get(path) == size:
            return True
        key = f"{self._folder}/{place}"
        try:
            self._s3.client().put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(path.read_bytes()))
        except (ClientError, RoleRefused) as error:
            _log.warning("s3://%s/%s is not uploaded: %s", self._bucket, key, error)
        except BotoCoreError as error:
            _log.warning("s3://%s/%s is not uploaded now: %s", self._bucket, key, error)
            return False
        else:
            self._sizes[path] = size
        return True
