"""What bills while a cluster runs and while nothing runs, whatever it was read from."""

import re
from dataclasses import dataclass
from typing import Final, Literal

EMR_VOLUME: Final = "gp2"
"""EMR's guide says "gp2 or gp3" of the disks it adds, and not when which: the dearer is assumed."""

EMR_ROOT_GIB: Final = 15
"""Root disk of EMR 6.10 and later where a template names none (EMR Management Guide, custom AMI)."""

# Disks that EMR adds to a node without its own, GiB by size (EMR Management Guide, default EBS storage;
# releases from 5.22.0).
_EMR_DATA_GIB: Final = {
    "large": 32,
    "xlarge": 64,
    "2xlarge": 128,
    "4xlarge": 256,
    "8xlarge": 512,
    "12xlarge": 768,
    "16xlarge": 1024,
}

Mode = Literal["transient", "interactive"]


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A disk of a node.

    Parameters
    ----------
    kind
        Type of the disk as EBS spells it: ``gp3``.
    gib
        Its size, None if nothing tells it.
    """

    kind: str
    gib: int | None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An instance type that a fleet may be filled with.

    Parameters
    ----------
    name
        Instance type as EC2 spells it: ``m6g.xlarge``.
    units
        What one node counts towards the targets of its fleet.
    vcpus
        Processors of one node, None if its size does not say.
    volumes
        Disks of one node.
    """

    name: str
    units: int
    vcpus: int | None
    volumes: tuple[Volume, ...]


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Nodes of one kind.

    Parameters
    ----------
    name
        ``primary``, ``core`` or ``task``.
    candidates
        Instance types it may use.
    on_demand_units, spot_units
        Its targets.
    scales
        Whether managed scaling may add nodes to it.
    """

    name: str
    candidates: tuple[Candidate, ...]
    on_demand_units: int
    spot_units: int
    scales: bool


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """All that bills of a deployment; equal footprints cost the same.

    Parameters
    ----------
    region
        Region of the deployment.
    architecture
        ``x86_64``, ``arm64``, ``mixed``, or None without a node.
    mode
        Whether its cluster ends with its steps or stays; None without a cluster.
    fleets
        Nodes of its cluster, empty without one.
    maximum_units
        Most that managed scaling may reach with core and task nodes, None without managed scaling.
    idle_stop
        Seconds after which an idle cluster ends, None if it never does.
    max_lifetime
        Seconds after which a cluster is ended whatever it does, None if nothing ends it.
    keys, alarms, gateway_endpoints, interface_endpoints, nat_gateways, budgets, state_machines
        How many of each; an interface endpoint counts once for each of its subnets.
    runs_a_week
        How often a schedule starts such a cluster again.
    storage_gib
        What is kept in S3; nothing tells but the user.
    others
        Types of resources that may bill and that no price is known for here.
    """

    region: str
    architecture: str | None = None
    mode: Mode | None = None
    fleets: tuple[Fleet, ...] = ()
    maximum_units: int | None = None
    idle_stop: int | None = None
    max_lifetime: int | None = None
    keys: int = 0
    alarms: int = 0
    gateway_endpoints: int = 0
    interface_endpoints: int = 0
    nat_gateways: int = 0
    budgets: int = 0
    state_machines: int = 0
    runs_a_week: int = 0
    storage_gib: float = 0.0
    others: tuple[str, ...] = ()


def candidate(name: str, *, units: int, root_gib: int | None, data: tuple[Volume, ...] | None = None) -> Candidate:
    """Describe a node of an instance type.

    Parameters
    ----------
    name, units
        See `Candidate`.
    root_gib
        Root disk, None for EMR's default.
    data
        Further disks, None for EMR's default.
    """
    size = name.rpartition(".")[2]
    root = Volume(kind=EMR_VOLUME, gib=root_gib or EMR_ROOT_GIB)
    if data is None:
        data = (Volume(kind=EMR_VOLUME, gib=_EMR_DATA_GIB.get(size)),)
    return Candidate(name=name, units=units, vcpus=_vcpus(size), volumes=(root, *data))


def architecture_of(fleets: tuple[Fleet, ...]) -> str | None:
    """Return the processors of all candidates: in names of EC2, a ``g`` behind the generation is Graviton."""
    found = {
        "arm64" if re.match(r"[a-z]+\d+[a-z]*g|a1\.", item.name.partition("-")[0]) else "x86_64"
        for fleet in fleets
        for item in fleet.candidates
    }
    return "mixed" if len(found) > 1 else next(iter(found), None)


def _vcpus(size: str) -> int | None:
    if size == "large":
        return 2
    times = re.fullmatch(r"(\d*)xlarge", size)
    return 4 * int(times[1] or 1) if times else None
