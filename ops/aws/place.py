"""What a command works on: the account and the deployment that its settings name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from infra.settings import DeploymentSettings
from ops.aws.account import Client, account
from ops.aws.deployment import Deployment, find_deployment
from ops.aws.synthesis import given_settings


@dataclass(frozen=True)
class Target:
    """An environment in an account.

    Parameters
    ----------
    values
        As after ``-c``.
    settings
        Which they make.
    client
        Of the account, in the region of the settings.
    """

    values: Sequence[str]
    settings: DeploymentSettings
    client: Client

    @cached_property
    def deployment(self) -> Deployment:
        """The stacks that are deployed."""
        return find_deployment(self.client, env=self.settings.env, region=self.settings.region)

    @property
    def options(self) -> str:
        """The settings as a command is given them, with a space in front."""
        return "".join(f" -c {value}" for value in self.values)


def target(values: Sequence[str] | None) -> Target:
    """Read settings, and find the account.

    Raises
    ------
    WrongSetting
        For a setting that is not accepted.
    AwsRefused
        If there is no such profile.
    """
    settings = given_settings(values or ())
    return Target(tuple(values or ()), settings, account(settings.region))
