"""The EC2 instance types a fleet may use: their architecture, size, memory and the regions that have them."""

from dataclasses import dataclass
from typing import Literal

Architecture = Literal["x86_64", "arm64"]

# Families without instance-store disks: encryption by EC2 then covers every volume, and no node has to reach
# KMS, for which a network without a way out would need an interface endpoint that bills by the hour.
_X86_64 = "c6a c6i c7a c7i m5 m5a m6a m6i m7a m7i r5 r5a r6a r6i r7a r7i"
_ARM64 = "c6g c7g c8g m6g m7g m8g r6g r7g r8g"
_FAMILIES: dict[str, Architecture] = {
    **dict.fromkeys(_X86_64.split(), "x86_64"),
    **dict.fromkeys(_ARM64.split(), "arm64"),
}

_MEMORY_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
_VCPUS = {"xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64}

# Families EMR does not offer in a region, from the price list of EMR of October 2026 (as carried by cfn-lint
# 1.58.0; a test compares the two). The European Sovereign Cloud has no list there: nothing is excluded.
_MISSING: dict[str, frozenset[str]] = {
    "eu-west-1": frozenset(),
    "eu-west-3": frozenset({"c6a", "c7a", "c8g", "m7a", "r6a", "r7a"}),
    "eu-central-1": frozenset(),
    "eu-north-1": frozenset({"c6a", "m5a", "m6a", "r5a", "r6a"}),
    "eu-south-1": frozenset({"c6a", "c7a", "c7i", "m7a", "m7g", "m8g", "r6a", "r7a", "r8g"}),
    "eu-south-2": frozenset({"c6a", "c6i", "m5a", "m6a", "m6i", "r5a", "r6a", "r6i"}),
    "eusc-de-east-1": frozenset(),
}
# The families the Sovereign Cloud is most likely to have; a real account must confirm them.
_DEFAULTS: dict[str, dict[Architecture, tuple[str, ...]]] = {
    "eusc-de-east-1": {"x86_64": ("m7i",), "arm64": ("m7g",)},
}


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """An EC2 instance type.

    Parameters
    ----------
    name
        Name of the type in EC2, for example ``m6g.xlarge``.
    architecture
        Architecture of its processor.
    vcpus
        Virtual processors, a multiple of four.
    memory_mib
        Memory, in MiB.
    """

    name: str
    architecture: Architecture
    vcpus: int
    memory_mib: int


def instance_type(name: str, *, region: str, architecture: Architecture) -> InstanceType:
    """Look up an instance type for the nodes of one architecture in one region.

    Raises
    ------
    ValueError
        If the type is not known, is not offered in the region, or has another architecture.
    """
    family = name.partition(".")[0]
    offered = ", ".join(sorted(_families(region, architecture)))
    node = known_instance_type(name)
    if node is None:
        sizes = ", ".join(_VCPUS)
        raise ValueError(f"{name} is not a type this project knows; accepted: {offered} in the sizes {sizes}")
    if node.architecture != architecture:
        raise ValueError(
            f"{name} is {node.architecture} and the nodes are {architecture};"
            f" accepted: {offered}, or architecture={node.architecture}"
        )
    if family in _MISSING[region]:
        raise ValueError(f"EMR does not offer {name} in {region}; accepted: {offered}")
    return node


def known_instance_type(name: str) -> InstanceType | None:
    """Describe an instance type wherever it is offered, None if this project does not know it."""
    family, _, size = name.partition(".")
    if family not in _FAMILIES or size not in _VCPUS:
        return None
    vcpus = _VCPUS[size]
    memory_mib = vcpus * _MEMORY_GIB_PER_VCPU[family[0]] * 1024
    return InstanceType(name=name, architecture=_FAMILIES[family], vcpus=vcpus, memory_mib=memory_mib)


def default_instance_types(*, region: str, architecture: Architecture) -> tuple[InstanceType, ...]:
    """Return all general-purpose types of four vCPUs: a fleet with many finds capacity, and takes the cheapest."""
    general = tuple(family for family in _families(region, architecture) if family.startswith("m"))
    families = _DEFAULTS[region][architecture] if region in _DEFAULTS else general
    return tuple(instance_type(f"{name}.xlarge", region=region, architecture=architecture) for name in families)


def _families(region: str, architecture: Architecture) -> tuple[str, ...]:
    return tuple(
        family
        for family, built_for in _FAMILIES.items()
        if built_for == architecture and family not in _MISSING[region]
    )
