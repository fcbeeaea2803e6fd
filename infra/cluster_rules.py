"""Rules against a cluster that EMR starts and that then cannot change, or cannot run its job."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra import yarn
from infra.instance_types import known_instance_type
from infra.templates import Deployment, Finding, Resource, as_list

_TARGETS = ("TargetOnDemandCapacity", "TargetSpotCapacity")


def both_fleet_targets(deployment: Deployment) -> Iterator[Finding]:
    """Every core and task fleet names a target for both markets: EMR refuses to change one that names one only."""
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        for fleet in _fleets(cluster):
            for target in _missing_targets(fleet):
                name = fleet.get("Name", "a fleet")
                yield cluster.finding("both-fleet-targets", f"lacks {target} of {name}; set it, 0 for none")
    for added in deployment.resources("AWS::EMR::InstanceFleetConfig"):
        for target in _missing_targets(added.properties):
            yield added.finding("both-fleet-targets", f"lacks {target}; set it, 0 for none")


def executors_fit(deployment: Deployment) -> Iterator[Finding]:
    """Every node has the memory for executors on all of its cores, beside the master of an application.

    Read from what is deployed, not from what it was computed with: YARN would let executors wait for ever.
    """
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        spark = _configuration(cluster, "spark-defaults")
        cores = int(spark.get("spark.executor.cores", 1))
        executor = yarn.Container(
            heap_mib=_mib(spark.get("spark.executor.memory", "1g")),
            overhead_mib=_mib(spark.get("spark.executor.memoryOverhead", "384m")),
        )
        master = _largest_master(cluster, spark)
        for name in sorted({config["InstanceType"] for item in _fleets(cluster) for config in _types(item)}):
            if reason := _misfit(name, cores=cores, executor=executor, master=master):
                yield cluster.finding("executors-fit", f"has nodes of {name}, {reason}")


def masters_on_core_nodes(deployment: Deployment) -> Iterator[Finding]:
    """Where there are task nodes, which may vanish, YARN's node labels keep the masters of applications off them."""
    for cluster in deployment.resources("AWS::EMR::Cluster"):
        there = _configuration(cluster, "yarn-site")
        missing = [name for name, value in yarn.SETTINGS.items() if there.get(name) != value]
        if missing and cluster.properties["Instances"].get("TaskInstanceFleets"):
            yield cluster.finding(
                "masters-on-core-nodes", f"may lose an application with a task node; set {', '.join(missing)}"
            )


def _misfit(name: str, *, cores: int, executor: yarn.Container, master: yarn.Container) -> str:
    node = known_instance_type(name)
    if node is None:
        return "whose memory is not known; add the type to infra/instance_types.py"
    executors, idle = divmod(node.vcpus, cores)
    if not executors or idle:
        return f"whose {node.vcpus} vCPUs are not filled by executors of {cores}; change spark.executor.cores"
    needed, there = executors * executor.mib + master.mib, yarn.node_mib(node)
    if needed <= there:
        return ""
    return (
        f"where YARN has {there} MiB for {executors} executors of {executor.mib} and a master of {master.mib};"
        f" take {needed - there} MiB off spark.executor.memory, or larger nodes"
    )


def _largest_master(cluster: Resource, spark: Mapping[str, str]) -> yarn.Container:
    """Return the container of a step's master, or with Livy, which runs drivers on the cluster, the larger of both."""
    asked = [_mib(spark.get("spark.yarn.am.memory", f"{yarn.CLIENT_MASTER_MIB}m"))]
    if "Livy" in {item["Name"] for item in as_list(cluster.properties.get("Applications"))}:
        asked.append(_mib(spark.get("spark.driver.memory", "1g")))
    return yarn.of_heap(max(asked))


def _configuration(cluster: Resource, classification: str) -> Mapping[str, str]:
    for item in as_list(cluster.properties.get("Configurations")):
        if item["Classification"] == classification:
            properties: Mapping[str, str] = item.get("ConfigurationProperties", {})
            return properties
    return {}


def _mib(written: str) -> int:
    """Read an amount of memory as Spark does: without a unit it is in MiB."""
    number, unit = re.fullmatch(r"(\d+)([mg]?)b?", written.lower()).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit == "g" else 1)


def _fleets(cluster: Resource) -> list[Mapping[str, Any]]:
    instances = cluster.properties["Instances"]
    return [*as_list(instances.get("CoreInstanceFleet")), *as_list(instances.get("TaskInstanceFleets"))]


def _types(fleet: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return as_list(fleet.get("InstanceTypeConfigs"))


def _missing_targets(fleet: Mapping[str, Any]) -> list[str]:
    return [target for target in _TARGETS if target not in fleet]
