"""What a command works on: an environment in an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from infra.names import BUDGET_REGION
from infra.remembered import OF_ONE_RUN
from infra.residency import EU_REGIONS
from infra.settings import DeploymentSettings
from ops.aws.account import AwsRefused, Client, Clients, account, caller
from ops.aws.deployed_settings import deployed_settings
from ops.aws.deployment import Deployment, find_deployment
from ops.aws.given import GivenSettings, read_given, show_place
from ops.errors import FruitsError


@dataclass(frozen=True)
class Place:
    """An environment in an account.

    Parameters
    ----------
    given
        Settings that name it.
    clients
        Returns the clients of a region of the account.
    """

    given: GivenSettings
    clients: Clients

    @property
    def settings(self) -> DeploymentSettings:
        """The settings of the environment."""
        return self.given.settings

    @property
    def options(self) -> str:
        """The settings as a command takes them, with a space in front."""
        return self.given.options

    @property
    def client(self) -> Client:
        """Clients in the region of the settings."""
        return self.clients(self.settings.region)

    @cached_property
    def deployment(self) -> Deployment:
        """The stacks that are deployed in the region of the settings."""
        return find_deployment(self.client, env=self.settings.env, region=self.settings.region)

    def deployable(self, **chosen: str) -> GivenSettings:
        """Return the settings to deploy with: what is deployed holds where nobody has said otherwise.

        Parameters
        ----------
        chosen
            Settings that the command itself chooses, such as a new ``run_id``, which is no trial because the last was.

        Raises
        ------
        WrongSetting
            If they may not be deployed.
        AwsRefused
            If AWS cannot be asked what is deployed.
        """
        given = self.given.changed(**chosen)
        try:
            found = deployed_settings(self.client, self.deployment)
        except AwsRefused:
            given.require_deployable()
            raise
        if "run_id" in given.complete:
            found = {key: value for key, value in found.items() if key not in OF_ONE_RUN}
        given = given.with_defaults("the deployment", **found)
        given.require_deployable()
        return given

    @property
    def budget_region(self) -> str:
        """Where the budget is."""
        return self.settings.region if self.settings.european_region.knows_budgets else BUDGET_REGION

    def regions(self, *, everywhere: bool = False) -> list[str]:
        """Return the regions to look in, that of the settings first.

        Parameters
        ----------
        everywhere
            Whether to look in all regions of its partition that a deployment may be in.
        """
        home = self.settings.european_region
        others = [name for name, region in EU_REGIONS.items() if everywhere and region.partition == home.partition]
        return list(dict.fromkeys((home.name, self.budget_region, *others)))


def find_place(values: Sequence[str] | None, *, number: str | None = None) -> Place:
    """Read settings, and find the account.

    Parameters
    ----------
    values
        Settings as after ``-c``.
    number
        Number that the account has to have.

    Raises
    ------
    WrongSetting
        For a setting that is not accepted.
    FruitsError
        If the account is another one, does not answer, or there is no such profile.
    """
    place = quiet_place(values)
    show_place(place.given)
    client = place.client
    if number is not None and (found := caller(client)["Account"]) != number:
        raise FruitsError(f"the credentials are of account {found}, not of {number}; choose others with AWS_PROFILE")
    return place


def quiet_place(values: Sequence[str] | None) -> Place:
    """Read settings for an account, and say nothing of it, as where a shell asks what to offer."""
    return Place(read_given(values), cache(account))
