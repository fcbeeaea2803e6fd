"""Checks of what was deployed where no run can show a fault: nodes, disks and YARN of AWS are not here."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from rehearsal.scenario.stages import few_of

_GLIBC_OF_NODES: Final = 34
"""Amazon Linux 2023, the system of EMR 7, has glibc 2.34 (AL2023 user guide, "Package support statements")."""

_OLD_NAMES: Final = {"manylinux2010": 12, "manylinux2014": 17}  # PEP 571 and PEP 599: of glibc 2.12 and 2.17
_SYSTEM: Final = re.compile(r"(?:manylinux_2_(?P<glibc>\d+)|(?P<old>manylinux20\d\d))_(?P<machine>x86_64|aarch64)")
_OF_SHUFFLE_SERVICE: Final = ("spark.authenticate", "spark.network.crypto.enabled")
_DYNAMIC: Final = "spark.dynamicAllocation.enabled"
_FIXED: Final = "spark.executor.instances"
_EXECUTORS_OF_YARN: Final = 2
"""Of an application without dynamic allocation ("Running Spark on YARN")."""

_LABELS: Final = {
    "yarn.node-labels.enabled": "true",
    "yarn.node-labels.am.default-node-label-expression": "CORE",
}
"""Without labels masters go to core and task nodes alike ("Understand node types", EMR Management Guide)."""

_GRANT: Final = "kms:CreateGrant"


def check_wheels(names: Iterable[str], *, machine: str) -> Iterator[str]:
    """Find which wheels the nodes cannot install, though this machine, whose system may be newer, perhaps can.

    Parameters
    ----------
    names
        Of the wheels.
    machine
        Of the nodes: ``x86_64`` or ``aarch64``.
    """
    for name in sorted(names):
        platforms = name.removesuffix(".whl").rpartition("-")[2].split(".")
        if platforms == ["any"]:
            continue
        fitting = [found for item in platforms if (found := _SYSTEM.fullmatch(item)) and found["machine"] == machine]
        if not fitting:
            yield f"{name} is not for the nodes, which are Linux on {machine}; run: make assets"
        elif (oldest := min(map(_glibc, fitting))) > _GLIBC_OF_NODES:
            yield f"{name} needs glibc 2.{oldest}; the nodes have 2.{_GLIBC_OF_NODES}; run: make assets"


def check_one_cluster(clusters: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    """Find out whether more than one cluster was started; `clusters` are those of a deployment, as EMR lists them."""
    if len(clusters) != 1:
        ids = few_of([cluster["Id"] for cluster in clusters]) or "none"
        yield f"{len(clusters)} clusters {name} were started ({ids}), one was to be; look for them in FruitsCompute"


def check_shuffle_service(configurations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Find where YARN's shuffle service is not told what executors are, and would refuse each of them."""
    files = {item["Classification"]: item.get("Properties", {}) for item in configurations}
    spark, yarn = files.get("spark-defaults", {}), files.get("yarn-site", {})
    for key in _OF_SHUFFLE_SERVICE:
        if spark.get(key) == "true" != yarn.get(key):
            yield f"yarn-site lacks {key}=true of spark-defaults: YARN's shuffle service would refuse all executors"


def check_executors(configurations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Find where an application would get a fixed number of executors; Spark's own master, here, gives all there is."""
    files = {item["Classification"]: item.get("Properties", {}) for item in configurations}
    spark = files.get("spark-defaults", {})
    if spark.get(_DYNAMIC, "true") != "true":  # EMR itself switches it on
        fixed = spark.get(_FIXED, f"{_EXECUTORS_OF_YARN}, as YARN has it by itself")
        yield (
            f"spark-defaults has {_DYNAMIC}={spark[_DYNAMIC]}: an application would get {_FIXED} ({fixed}), however"
            " many nodes there are, and the others would idle; switch it on"
        )


def check_masters(configurations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Find where the master of an application may land on a Spot node, with which all its executors would go."""
    files = {item["Classification"]: item.get("Properties", {}) for item in configurations}
    for key, wanted in _LABELS.items():
        if (found := files.get("yarn-site", {}).get(key)) != wanted:
            yield f"yarn-site has {key}={found}, not {wanted}: an application's master may run on a Spot node"


def check_disk_key(
    key_policy: Mapping[str, Any], role_policies: Iterable[Mapping[str, Any]], *, key: str, region: str
) -> Iterator[str]:
    """Find why disks could not be encrypted: nobody here starts an instance that would need it.

    Parameters
    ----------
    key_policy
        Of the key.
    role_policies
        Of EMR's service role.
    key
        Its ARN.
    region
        Of the key.
    """
    via = f"ec2.{region}.amazonaws.com"
    if not any(_allows(item, _GRANT) and via in str(item.get("Condition")) for item in _statements(key_policy)):
        yield (
            f"the policy of the disks' key {key} lets nobody {_GRANT} by {via}: Spot's own role, which has no rights of"
            " its own, could not start nodes; allow it for principals of the account"
        )
    if not any(_allows(item, _GRANT) and _is_of(item, key) for policy in role_policies for item in _statements(policy)):
        yield f"EMR's service role lacks {_GRANT} on the disks' key {key}: no node with encrypted disks would start"


def _glibc(found: "re.Match[str]") -> int:
    return int(found["glibc"]) if found["glibc"] else _OLD_NAMES[found["old"]]


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _as_list(policy["Statement"])


def _allows(statement: Mapping[str, Any], action: str) -> bool:
    return statement["Effect"] == "Allow" and any(fnmatchcase(action, item) for item in _as_list(statement["Action"]))


def _is_of(statement: Mapping[str, Any], arn: str) -> bool:
    return any(fnmatchcase(arn, item) for item in _as_list(statement["Resource"]))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
