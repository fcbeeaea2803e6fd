"""How Spark and YARN are set up: executors that fit the instance types, encrypted traffic, our own Python."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from infra.instance_types import InstanceType

Engine = Literal["litert", "keras"]

VIRTUAL_ENVIRONMENT = "/opt/fruits"
"""Where the bootstrap action installs Python's packages on every node."""

EXECUTOR_CORES = 4
"""All instance types have a multiple of these; a lost executor costs no more than four tasks."""

_YARN_MASTER_MIB = 1024  # Spark's application master takes a container on one of the nodes
_SMALLEST_HEAP_MIB = 1024
# What a Python worker holds beside the Java heap: interpreter, Arrow batches, decoded photographs, engine.
_WORKER_MIB: Mapping[Engine, int] = {"litert": 768, "keras": 1792}
_SHARED_NATIVE_MIB = 512


@dataclass(frozen=True, kw_only=True)
class ExecutorSize:
    """What an executor asks of YARN.

    Parameters
    ----------
    heap_mib
        Java heap, in MiB.
    overhead_mib
        Memory beside the heap, mostly of the Python workers, in MiB.
    """

    heap_mib: int
    overhead_mib: int


def executor_size(engine: Engine, node_types: Iterable[InstanceType]) -> ExecutorSize:
    """Size executors of four cores, one Python worker a core, so that every node of every fleet is filled.

    Raises
    ------
    ValueError
        If the smallest nodes cannot hold the workers of the engine.

    Notes
    -----
    YARN gets the memory of a node less a quarter, which is at least 2 and at most 8 GiB (defaults of EMR 7).
    """
    smallest = min(node_types, key=_container_mib)
    overhead_mib = EXECUTOR_CORES * _WORKER_MIB[engine] + _SHARED_NATIVE_MIB
    heap_mib = _container_mib(smallest) - overhead_mib
    if heap_mib < _SMALLEST_HEAP_MIB:
        missing = overhead_mib + _SMALLEST_HEAP_MIB - _container_mib(smallest)
        raise ValueError(
            f"its workers lack {missing} MiB for every four vCPUs of {smallest.name};"
            " accepted: instance types with more memory"
        )
    return ExecutorSize(heap_mib=heap_mib, overhead_mib=overhead_mib)


def configurations(
    *, engine: Engine, region: str, node_types: Iterable[InstanceType], generation: str, notebooks: bool
) -> dict[str, dict[str, str]]:
    """Give the cluster's configuration files by EMR's classification; ``*-env`` hold what they export.

    Parameters
    ----------
    engine
        Decides how much memory the Python workers get.
    region
        Told to the job, which opens S3 with it.
    node_types
        Of core and task nodes.
    generation
        A text of no effect on Spark. A change of the configuration replaces the cluster, so a new text does.
    notebooks
        Whether Livy serves notebooks on the cluster.
    """
    size = executor_size(engine, node_types)
    python = f"{VIRTUAL_ENVIRONMENT}/bin/python"
    environment = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    interpreter = {"PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    encrypted = {"spark.authenticate": "true", "spark.network.crypto.enabled": "true"}
    # A worker computes on one thread: four tasks on four cores, none of which disturbs another.
    worker = environment | {
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }
    defaults = {
        "spark.pyspark.python": python,
        "spark.pyspark.driver.python": python,
        "spark.driver.memory": "4g",
        "spark.executor.cores": str(EXECUTOR_CORES),
        "spark.executor.memory": f"{size.heap_mib}m",
        "spark.executor.memoryOverhead": f"{size.overhead_mib}m",
        "spark.task.cpus": "1",
        "spark.sql.adaptive.enabled": "true",
        "spark.fruits.generation": generation,
        "spark.hadoop.mapreduce.input.fileinputformat.list-status.num-threads": "16",
        "spark.hadoop.fs.s3a.endpoint.region": region,
        **encrypted,
        **{f"spark.executorEnv.{name}": value for name, value in worker.items()},
        **{f"spark.yarn.appMasterEnv.{name}": value for name, value in (environment | interpreter).items()},
    }
    files = {
        "spark-defaults": defaults,
        # The shuffle service lives in YARN's node manager; it refuses these executors unless told as well.
        "yarn-site": encrypted,
        "spark-env": environment | interpreter,
    }
    return files | ({"livy-env": environment | interpreter} if notebooks else {})


def _container_mib(node: InstanceType) -> int:
    yarn_mib = node.memory_mib - min(8192, max(2048, node.memory_mib // 4))
    return (yarn_mib - _YARN_MASTER_MIB) // (node.vcpus // EXECUTOR_CORES)
