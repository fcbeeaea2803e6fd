"""How YARN divides the memory of a node among containers, and where the master of an application goes."""

from dataclasses import dataclass

from infra.instance_types import InstanceType

SETTINGS = {
    # Off since EMR 6: a master could land on a Spot node and take its executors, of a notebook all, with it.
    "yarn.node-labels.enabled": "true",
    "yarn.node-labels.am.default-node-label-expression": "CORE",
}
"""For ``yarn-site``: masters run on core nodes, which are On-Demand (re:Post, "emr-configure-node-labeling-yarn")."""

SCHEDULER = {
    # EMR's default, said because the arithmetic below rests on it: executors take all cores of a node, and a
    # scheduler that counted cores would find none left for the master.
    "yarn.scheduler.capacity.resource-calculator": "org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator",
}
"""For ``capacity-scheduler``: containers are counted by memory alone."""

CLIENT_MASTER_MIB = 512
"""What Spark asks for the master while the driver runs elsewhere (Spark's default of ``spark.yarn.am.memory``)."""

_STEP_MIB = 32  # yarn.scheduler.minimum-allocation-mb, by EMR's task configuration of every instance type


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a process asks YARN for.

    Parameters
    ----------
    heap_mib
        Java heap, in MiB.
    overhead_mib
        Memory beside the heap, in MiB.
    """

    heap_mib: int
    overhead_mib: int

    @property
    def mib(self) -> int:
        """Memory that YARN grants, rounded up, in MiB."""
        return -(-(self.heap_mib + self.overhead_mib) // _STEP_MIB) * _STEP_MIB


def of_heap(heap_mib: int) -> Container:
    """Describe a container with the memory beside its heap that Spark adds: a tenth, and 384 MiB at least."""
    return Container(heap_mib=heap_mib, overhead_mib=max(384, heap_mib // 10))


def node_mib(node: InstanceType) -> int:
    """Return the memory that YARN has on a node: all but a quarter, which is at least 2 and at most 8 GiB.

    Defaults of EMR 7; the Release Guide's task configuration says 12,288 MiB for m5.xlarge.
    """
    return node.memory_mib - min(8192, max(2048, node.memory_mib // 4))


def largest_container_mib(node: InstanceType, *, executors: int, master: Container) -> int:
    """Return the size of containers of which a node holds `executors` beside the master of an application, in MiB."""
    return (node_mib(node) - master.mib) // executors // _STEP_MIB * _STEP_MIB
