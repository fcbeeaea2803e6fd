"""What a check is and what it finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from infra.settings import DeploymentSettings
from ops.aws.account import Client, caller
from ops.aws.deployment import Deployment, find_deployment
from ops.aws.given import DEFAULT_QUALIFIER


class Outcome(Enum):
    """How a check ends; the value is for people."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "not checked"


@dataclass(frozen=True)
class Finding:
    """What a check has found.

    Parameters
    ----------
    outcome
        Whether a deployment would get into trouble.
    text
        What was found, with its value and what is needed.
    fix
        The command that mends it.
    """

    outcome: Outcome
    text: str
    fix: str = ""


def ok(text: str) -> Finding:
    """Find nothing wrong."""
    return Finding(Outcome.OK, text)


def warning(text: str, fix: str = "") -> Finding:
    """Find what a deployment survives."""
    return Finding(Outcome.WARNING, text, fix)


def failure(text: str, fix: str = "") -> Finding:
    """Find what a deployment would fail for."""
    return Finding(Outcome.FAILURE, text, fix)


@dataclass
class Scope:
    """What is checked.

    Parameters
    ----------
    settings
        Settings of the deployment to be.
    options
        These settings as a command is given them, with a space in front.
    client
        Clients of the account, in the region of the deployment.
    anywhere
        The same in a region that every account has.
    expected_account
        Number that the account must have, if the user has said so.
    qualifier
        Part of the names of what the CDK's bootstrap has made.
    """

    settings: DeploymentSettings
    options: str
    client: Client
    anywhere: Client
    expected_account: str | None = None
    qualifier: str = DEFAULT_QUALIFIER
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """Number of the account, known once the credentials are checked."""
        return self.identity["Account"]

    @property
    def region(self) -> str:
        """Where the deployment goes."""
        return self.settings.region

    @cached_property
    def deployment(self) -> Deployment:
        """The stacks that are deployed."""
        return find_deployment(self.client, env=self.settings.env, region=self.region)

    def identify(self) -> None:
        """Find out whose credentials these are.

        Raises
        ------
        AwsRefused
            If there are none, or they are not valid.
        """
        self.identity = caller(self.anywhere)


@dataclass(frozen=True)
class Check:
    """A question about the account, the settings or this machine.

    Parameters
    ----------
    title
        What is checked, in a word or three.
    find
        Finds out.
    services
        Services of AWS that it asks; none for a question about this machine.
    essential
        Whether, unanswered, nobody could say that a deployment can begin.
    """

    title: str
    find: Callable[[Scope], Finding]
    services: Sequence[str] = ()
    essential: bool = False
