"""Whether the account may have the nodes, and whether EC2 and EMR offer them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from infra.instance_types import InstanceType
from ops.aws.account import asking
from ops.preflight.findings import Check, Finding, Outcome, Scope, failure, ok, warning
from ops.preflight.network import described_subnets

Market = Literal["On-Demand", "Spot"]

QUOTAS: Final[dict[Market, str]] = {"On-Demand": "L-1216C47A", "Spot": "L-34B43A08"}
"""Quotas of EC2, in vCPUs of the standard families (EC2 User Guide, "On-Demand Instance quotas", "Spot quotas")."""

# The standard families are A, C, D, H, I, M, R, T and Z; others such as inf, p and trn have quotas of their own.
_STANDARD: Final = re.compile(r"([acdhimrtz]|im|is)\d")


def on_demand_quota(scope: Scope) -> Finding:
    """Compare the quota with what the cluster starts with, and with what it may grow to if Spot has nothing."""
    settings = scope.settings
    primary = [node.vcpus for node in settings.primary_types]
    start = min(primary) + _filled(settings.core_vcpus, settings.core_types, least=True)
    growing = max(
        _filled(settings.vcpu_limit, types, least=False) for types in (settings.core_types, settings.task_types)
    )
    found = _quota(scope, "On-Demand", start, max(primary) + growing)
    if settings.mode == "interactive":  # of which one may run; a transient cluster has ended by then
        text = f"{found.text}; a new run_id starts a second cluster before the first ends: {start} more for minutes"
        return replace(found, text=text)
    return found


def spot_quota(scope: Scope) -> Finding:
    """Compare the quota with the Spot capacity at the start, and at the limit of managed scaling."""
    settings = scope.settings
    if not settings.task_spot_vcpus:
        return ok("no Spot capacity is asked for")
    start = _filled(settings.task_spot_vcpus, settings.task_types, least=True)
    most = _filled(settings.vcpu_limit - settings.core_vcpus, settings.task_types, least=False)
    found = _quota(scope, "Spot", start, max(start, most))
    if found.outcome is Outcome.FAILURE:  # the fleet switches to On-Demand after its timeout
        return warning(f"{found.text}; On-Demand instances take their place, at their price", found.fix)
    return found


def instance_types(scope: Scope) -> Finding:
    """Ask for a zone that offers a type of every fleet: all nodes of a cluster are in one zone."""
    settings = scope.settings
    fleets = {"primary": settings.primary_types, "core": settings.core_types}
    fleets |= {"task": settings.task_types} if settings.task_spot_vcpus else {}
    wanted = sorted({node.name for types in fleets.values() for node in types})
    zones = _zones(scope)
    offered: dict[str, set[str]] = {zone: set() for zone in zones}
    with asking("list what EC2 offers in the zones"):
        pages = (
            scope.client("ec2")
            .get_paginator("describe_instance_type_offerings")
            .paginate(
                LocationType="availability-zone",
                Filters=[
                    {"Name": "instance-type", "Values": wanted},
                    {"Name": "location", "Values": list(zones)},
                ],
            )
        )
        for page in pages:
            for item in page["InstanceTypeOfferings"]:
                offered[item["Location"]].add(item["InstanceType"])
    full = [
        zone
        for zone, types in offered.items()
        if all(types & {node.name for node in fleet} for fleet in fleets.values())
    ]
    nowhere = sorted(set(wanted).difference(*offered.values()))
    missing = f"; no zone offers {', '.join(nowhere)}" if nowhere else ""
    if not full:
        text = f"no zone of {', '.join(zones)} offers a type of each fleet{missing}"
        return failure(text, "cdk deploy --all -c core_instance_types=<types> …: see infra/instance_types.py")
    if nowhere or len(full) < len(zones):
        return warning(f"{', '.join(full)} offer a type of each fleet{missing}", "")
    return ok(f"{len(wanted)} types in {', '.join(full)}")


def _zones(scope: Scope) -> list[str]:
    """Return the zones that EMR may choose, in an existing VPC those of its subnets."""
    if scope.settings.vpc is None:
        return list(scope.settings.zones)
    return sorted({item["AvailabilityZone"] for item in described_subnets(scope)})


def release(scope: Scope) -> Finding:
    """Ask whether EMR knows the release in this region, and whether it has a newer one."""
    label = scope.settings.release_label
    with asking("list the releases of EMR"):
        emr, known, token = scope.client("emr"), [], ""
        while True:
            following: dict[str, Any] = {"NextToken": token} if token else {}
            answer = emr.list_release_labels(**following)
            known += answer["ReleaseLabels"]
            token = answer.get("NextToken", "")
            if not token:
                break
    newest = max(map(_version, known), default=())
    if label not in known:
        fix = f"cdk deploy --all -c release_label={_name(newest)}"
        return failure(f"EMR has no release {label} in {scope.region}", fix)
    if newest > _version(label):
        return ok(f"{label}; EMR has {_name(newest)}, which this project was not rehearsed with")
    return ok(f"{label}, the newest of EMR 7")


def _quota(scope: Scope, market: Market, start: int, most: int) -> Finding:
    code = QUOTAS[market]
    with asking(f"read the quota {code}"):
        quota = scope.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
    used = _used(scope, market)
    free = int(quota["Value"]) - used
    text = f"{free} vCPUs are free ({int(quota['Value'])} less {used} in use); {start} to start, {most} at most"
    fix = (
        f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code}"
        f" --desired-value {max(most, start) + used} --region {scope.region}"
    )
    if free < start:
        return failure(text, fix)
    return warning(f"{text}: it could not grow to that", fix) if free < most else ok(text)


def _used(scope: Scope, market: Market) -> int:
    """Count the vCPUs of standard instances that are there."""
    used = 0
    with asking("list the instances"):
        pages = scope.client("ec2").get_paginator("describe_instances")
        for page in pages.paginate(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]):
            for instance in (item for group in page["Reservations"] for item in group["Instances"]):
                spot = instance.get("InstanceLifecycle") == "spot"
                if spot == (market == "Spot") and _STANDARD.match(instance["InstanceType"]):
                    used += _vcpus(instance)
    return used


def _vcpus(instance: Any) -> int:
    cpu = instance.get("CpuOptions", {})
    return int(cpu.get("CoreCount", 0)) * int(cpu.get("ThreadsPerCore", 1))


def _filled(vcpus: int, types: Sequence[InstanceType], *, least: bool) -> int:
    """Return the vCPUs of the nodes that fill a fleet: with nodes larger than what is missing, EMR goes beyond it."""
    filled = [-(-vcpus // node.vcpus) * node.vcpus for node in types]
    return min(filled) if least else max(filled)


def _version(label: str) -> tuple[int, ...]:
    """Read the version of a release of EMR 7, the line that settings accept; empty for any other label."""
    found = re.fullmatch(r"emr-(7)\.(\d+)\.(\d+)", label)
    return tuple(map(int, found.groups())) if found else ()


def _name(version: tuple[int, ...]) -> str:
    return f"emr-{'.'.join(map(str, version))}" if version else "<a release of EMR 7>"


def operating_system(scope: Scope) -> Finding:
    """Ask whether EMR still has the release of Amazon Linux that the nodes are to have."""
    label, wanted = scope.settings.release_label, scope.settings.os_release_label
    if wanted is None:
        return ok("the newest Amazon Linux 2023 that EMR has tried, another one each month")
    with asking(f"describe the release {label}"):
        described = scope.client("emr").describe_release_label(ReleaseLabel=label)
    known = [item["Label"] for item in described.get("AvailableOSReleases", ())]
    if wanted in known:
        return ok(f"Amazon Linux {wanted}")
    fix = f"cdk deploy --all -c os_release_label={known[0]}" if known else ""
    return failure(f"EMR has no Amazon Linux {wanted} for {label}; it has {', '.join(known[:3]) or 'none'}", fix)


CHECKS: Final = (
    Check("vCPUs On-Demand", on_demand_quota, ("service-quotas", "ec2")),
    Check("vCPUs Spot", spot_quota, ("service-quotas", "ec2")),
    Check("Instance types", instance_types, ("ec2",)),
    Check("EMR release", release, ("emr",)),
    Check("Amazon Linux", operating_system, ("emr",)),
)
