"""Where a deployment may have left something."""

from typing import Final

from infra.residency import EU_REGIONS
from infra.settings import DeploymentSettings

BUDGET_REGION: Final = "eu-central-1"
"""Where `infra.stacks` puts the budget of a region whose CloudFormation cannot make one."""


def regions_of(settings: DeploymentSettings, *, everywhere: bool = False) -> list[str]:
    """Name the regions to look in: that of the deployment first.

    Parameters
    ----------
    settings
        Of the deployment.
    everywhere
        Whether to look in all regions of its partition that a deployment may be in.
    """
    home = settings.european_region
    regions = [home.name] if home.knows_budgets else [home.name, BUDGET_REGION]
    if everywhere:
        regions += [name for name, region in EU_REGIONS.items() if region.partition == home.partition]
    return list(dict.fromkeys(regions))
