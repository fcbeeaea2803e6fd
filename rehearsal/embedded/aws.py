"""An embedded AWS that runs: where it is, and what its clients need."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from rehearsal.daemon import Daemon

ACCOUNT: Final = "000000000000"
AUTHORITY: Final = "authority.pem"
"""In its folder: the certificate that clients have to trust."""
DEFAULT_REGION: Final = "eu-west-3"
ClusterLaunch = Literal["launch", "fail", "hold"]
ENDPOINT_REFUSES: Final = "the policy of the S3 endpoint does not allow"
"""So the log begins what it says of a call from inside a network that was refused: the caller is told 403 alone."""

_LOG: Final = "aws.log"
_FORBIDDEN: Final = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN")
"""Variables of the user's that would lead clients to the real AWS."""


@dataclass(frozen=True)
class EmbeddedAws:
    """An embedded AWS that was started.

    Parameters
    ----------
    folder
        With its certificate, its log ``aws.log``, the objects of S3 and the state of all services.
    port
        On 127.0.0.1.
    inside_port
        The same for calls from inside a network, which need the leave of its VPC endpoints.
    region
        Where its clients work unless told otherwise.
    pid, started
        Of its process; the time of its start tells it from a later process with the same number.
    """

    folder: str
    port: int
    inside_port: int
    region: str
    pid: int
    started: float

    @property
    def endpoint(self) -> str:
        """Where all services answer."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate that clients have to trust."""
        return Path(self.folder) / AUTHORITY

    @property
    def log(self) -> Path:
        """What it has logged."""
        return Path(self.folder) / _LOG

    def variables(self) -> dict[str, str]:
        """Return what every client needs: boto3, the `aws` and `cdk` commands, Python's other clients of S3.

        Trusting one authority alone, and reading no file of the user's, they cannot reach the real AWS.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CA_BUNDLE": str(self.authority),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NODE_EXTRA_CA_CERTS": str(self.authority),
            "SSL_CERT_FILE": str(self.authority),
            # The CDK remembers an account by its key; another embedded AWS has the same key.
            "CDK_HOME": str(Path(self.folder) / "cdk"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": self.region,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of this process with the variables of `variables`, for a client to be started."""
        kept = {key: value for key, value in os.environ.items() if key not in _FORBIDDEN}
        return {**kept, **self.variables()}

    def shell(self) -> str:
        """Return the lines for a shell to evaluate.

        Of Amazon's commands, `aws emr` alone makes up its own endpoint unless it is an argument.
        """
        exports = [f"export {key}={shlex.quote(value)}" for key, value in self.variables().items()]
        command = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
        return "\n".join([f"unset {' '.join(_FORBIDDEN)}", *exports, command])


def find_aws(folder: Path) -> EmbeddedAws | None:
    """Find the embedded AWS that runs in a folder.

    Raises
    ------
    DaemonFailed
        If its record is damaged.
    """
    return daemon_of(folder.resolve()).find()


def daemon_of(folder: Path) -> Daemon[EmbeddedAws]:
    """Return the process that is the embedded AWS of a folder, whether it runs or not."""
    return Daemon(EmbeddedAws, "the embedded AWS", "rehearsal.embedded", record=folder / "aws.json", log=folder / _LOG)
