"""European residency: the regions a deployment may live in, and the guard that refuses all others."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.errors import DeploymentError


@dataclass(frozen=True, kw_only=True)
class EuropeanRegion:
    """A region of AWS inside the European Union.

    Parameters
    ----------
    name
        Code of the region.
    place
        City or country of its data centres.
    zones
        Letters of its availability zones.
    partition
        Partition of AWS that the region belongs to, with accounts, roles and ARNs of its own.
    knows_budgets
        Whether CloudFormation knows budgets in this region (registry of resource types in cfn-lint 1.58.0).
    """

    name: str
    place: str
    zones: str = "abc"
    partition: str = "aws"
    knows_budgets: bool = True


EU_REGIONS: Mapping[str, EuropeanRegion] = {
    region.name: region
    for region in (
        EuropeanRegion(name="eu-west-1", place="Ireland"),
        EuropeanRegion(name="eu-west-3", place="Paris"),
        EuropeanRegion(name="eu-central-1", place="Frankfurt"),
        EuropeanRegion(name="eu-north-1", place="Stockholm", knows_budgets=False),
        EuropeanRegion(name="eu-south-1", place="Milan", knows_budgets=False),
        EuropeanRegion(name="eu-south-2", place="Spain", knows_budgets=False),
        EuropeanRegion(name="eusc-de-east-1", place="Brandenburg", zones="ab", partition="aws-eusc"),
    )
}

# European by name only: a reader of their codes would take them for members of the Union.
_OUTSIDE_THE_UNION = {
    "eu-west-2": "London is in the United Kingdom, which is not in the European Union",
    "eu-central-2": "Zurich is in Switzerland, which is not in the European Union",
}


def require_eu_region(region: str | None) -> EuropeanRegion:
    """Return what is known about a region of the Union.

    Raises
    ------
    DeploymentError
        For a region elsewhere, and for one that is not known at synth: nobody could say where the data lies.
    """
    accepted = "accepted: " + ", ".join(f"{known.name} ({known.place})" for known in EU_REGIONS.values())
    if not region or "${Token" in region or "AWS::Region" in region:
        raise DeploymentError(
            f"region: not decided at synth, so nothing would keep the data in the European Union; {accepted}"
        )
    if region not in EU_REGIONS:
        reason = _OUTSIDE_THE_UNION.get(region, "it is not a region of AWS in the European Union")
        raise DeploymentError(f"region={region}: {reason}; {accepted}")
    return EU_REGIONS[region]
