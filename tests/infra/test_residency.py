import json
from pathlib import Path

import botocore
import cfnlint  # type: ignore[import-untyped]
import pytest

from infra.errors import DeploymentError
from infra.residency import EU_REGIONS, require_eu_region

_PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text(encoding="utf-8"))
ALL_REGIONS = {
    region: partition["id"]
    for partition in _PARTITIONS["partitions"]
    for region in partition["regions"]
    if not region.endswith("-global")
}
IN_THE_UNION = {
    "eu-west-1", "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eusc-de-east-1",
}  # fmt: skip


def test_there_are_regions_to_test_with() -> None:
    assert len(ALL_REGIONS) > 40
    assert set(ALL_REGIONS) >= IN_THE_UNION


@pytest.mark.parametrize("region", sorted(set(ALL_REGIONS) - IN_THE_UNION))
def test_a_region_outside_the_union_is_refused(region: str) -> None:
    with pytest.raises(DeploymentError, match=rf"^region={region}: .*accepted: eu-west-1 \(Ireland\)"):
        require_eu_region(region)


@pytest.mark.parametrize("region", sorted(IN_THE_UNION))
def test_a_region_in_the_union_is_accepted_with_its_partition(region: str) -> None:
    assert require_eu_region(region).partition == ALL_REGIONS[region]


@pytest.mark.parametrize(("region", "country"), [("eu-west-2", "United Kingdom"), ("eu-central-2", "Switzerland")])
def test_a_region_that_is_european_by_name_only_is_refused_with_the_reason(region: str, country: str) -> None:
    with pytest.raises(DeploymentError, match=f"in .*{country}, which is not in the European Union"):
        require_eu_region(region)


@pytest.mark.parametrize("region", [None, "", "${Token[AWS.Region.9]}", "${AWS::Region}"])
def test_a_region_that_is_not_known_at_synth_is_refused(region: str | None) -> None:
    with pytest.raises(DeploymentError, match=r"^region: not decided at synth"):
        require_eu_region(region)


def test_every_region_has_two_zones_to_choose_from() -> None:
    assert all(len(region.zones) >= 2 for region in EU_REGIONS.values())


def test_budgets_are_made_only_where_cloudformation_knows_them() -> None:
    registry = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
    for region in EU_REGIONS.values():
        known = json.loads((registry / f"{region.name}.json").read_text(encoding="utf-8"))
        assert ("AWS::Budgets::Budget" in known) is region.knows_budgets
        assert {"AWS::EMR::Cluster", "AWS::EMR::Studio", "AWS::Glue::Table"} <= set(known)
