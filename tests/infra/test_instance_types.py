import json
from pathlib import Path
from typing import get_args

import cfnlint  # type: ignore[import-untyped]
import pytest

from infra.instance_types import Architecture, default_instance_types, instance_type
from infra.residency import EU_REGIONS

_TABLE = "data/schemas/extensions/aws_emr_cluster/instancetypeconfig_instancetype_enum.json"
PRICE_LIST = json.loads((Path(cfnlint.__file__).parent / _TABLE).read_text(encoding="utf-8"))
FAMILIES = {
    "x86_64": [
        "c6a",
        "c6i",
        "c7a",
        "c7i",
        "m5",
        "m5a",
        "m6a",
        "m6i",
        "m7a",
        "m7i",
        "r5",
        "r5a",
        "r6a",
        "r6i",
        "r7a",
        "r7i",
    ],
    "arm64": ["c6g", "c7g", "c8g", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g"],
}
SIZES = ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
LISTED_REGIONS = sorted(set(EU_REGIONS) & set(PRICE_LIST))


def _is_accepted(name: str, region: str, architecture: Architecture) -> bool:
    try:
        instance_type(name, region=region, architecture=architecture)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("region", LISTED_REGIONS)
def test_a_type_is_accepted_where_and_only_where_emr_sells_it(region: str) -> None:
    sold = set(PRICE_LIST[region]["enum"])
    for architecture in get_args(Architecture):
        names = {f"{family}.{size}" for family in FAMILIES[architecture] for size in SIZES}
        assert {name for name in names if _is_accepted(name, region, architecture)} == names & sold


def test_only_the_sovereign_cloud_has_no_published_list() -> None:
    assert set(EU_REGIONS) - set(LISTED_REGIONS) == {"eusc-de-east-1"}


@pytest.mark.parametrize(
    ("name", "vcpus", "gibibytes"), [("m5.xlarge", 4, 16), ("c6i.2xlarge", 8, 16), ("r7i.16xlarge", 64, 512)]
)
def test_a_type_has_the_size_that_ec2_documents(name: str, vcpus: int, gibibytes: int) -> None:
    found = instance_type(name, region="eu-west-1", architecture="x86_64")
    assert (found.vcpus, found.memory_mib) == (vcpus, gibibytes * 1024)


@pytest.mark.parametrize("region", sorted(EU_REGIONS))
@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_every_region_has_default_types_of_both_architectures(region: str, architecture: Architecture) -> None:
    types = default_instance_types(region=region, architecture=architecture)
    assert types
    assert {found.architecture for found in types} == {architecture}
    assert len(types) <= 30  # as many as EMR takes in a fleet with an allocation strategy
