"""How Spark and YARN are set up: executors that fit the instance types, encrypted traffic, our own Python."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from infra import yarn
from infra.extra_configurations import ExtraConfigurations
from infra.instance_types import InstanceType
from infra.merging import merged

Engine = Literal["litert", "keras"]

VIRTUAL_ENVIRONMENT = "/opt/fruits"
"""Where the bootstrap action installs Python's packages on every node."""

EXECUTOR_CORES = 4
"""All instance types have a multiple of these; a lost executor costs no more than four tasks."""


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Livy's sessions of notebooks.

    Parameters
    ----------
    timeout_seconds
        After which Livy ends a session that does nothing. An open session is an application that runs on YARN, so the
        cluster is not idle before; Livy's own default is an hour.
    variables
        What the notebook finds in its environment.
    """

    timeout_seconds: int
    variables: Mapping[str, str]


_DRIVER_MIB = 4096
# Livy's driver is the master of its application and takes its memory from the executors of a core node; steps of that
# cluster get the same. The laptop's driver has no more, for the work of its executors, too.
_NOTEBOOK_DRIVER_MIB = 1024
_SMALLEST_HEAP_MIB = 1024
# What a Python worker holds beside the Java heap: interpreter, Arrow batches, decoded photographs, engine.
_WORKER_MIB: Mapping[Engine, int] = {"litert": 768, "keras": 1792}
_SHARED_NATIVE_MIB = 512


def executor_size(engine: Engine, node_types: Iterable[InstanceType], *, notebooks: bool) -> yarn.Container:
    """Size executors of four cores, one Python worker a core, so that the smallest node has one for every four cores.

    Every node holds the master of an application beside them: a step's, or with `notebooks` the driver of one. A node
    with more memory a core than the smallest gets more executors, whose tasks then share its cores.

    Raises
    ------
    ValueError
        If the smallest nodes cannot hold the workers of the engine.
    """
    master = yarn.of_heap(_NOTEBOOK_DRIVER_MIB if notebooks else yarn.CLIENT_MASTER_MIB)

    def largest_mib(node: InstanceType) -> int:
        return yarn.largest_container_mib(node, executors=node.vcpus // EXECUTOR_CORES, master=master)

    smallest = min(node_types, key=largest_mib)
    overhead_mib = EXECUTOR_CORES * _WORKER_MIB[engine] + _SHARED_NATIVE_MIB
    heap_mib = largest_mib(smallest) - overhead_mib
    if heap_mib < _SMALLEST_HEAP_MIB:
        missing = _SMALLEST_HEAP_MIB - heap_mib
        raise ValueError(
            f"its workers lack {missing} MiB for every four vCPUs of {smallest.name};"
            " accepted: instance types with more memory"
        )
    return yarn.Container(heap_mib=heap_mib, overhead_mib=overhead_mib)


def configurations(
    *,
    engine: Engine,
    region: str,
    node_types: Iterable[InstanceType],
    generation: str,
    notebooks: bool,
    sessions: Sessions | None = None,
    extra: ExtraConfigurations | None = None,
) -> dict[str, dict[str, str]]:
    """Return the cluster's configuration files by EMR's classification; ``*-env`` hold what they export.

    Parameters
    ----------
    engine
        Engine of the job, which decides how much memory the Python workers get.
    region
        Region that the job opens S3 in.
    node_types
        Instance types of core and task nodes.
    generation
        Text without effect on Spark; a new one is a change of the configuration, which replaces the cluster.
    notebooks
        Whether Livy serves notebooks on the cluster.
    sessions
        Of the notebooks of a Studio; None without one.
    extra
        What a file adds; None for nothing.

    Raises
    ------
    ValueError
        See `infra.merging.merged`.
    """
    size = executor_size(engine, node_types, notebooks=notebooks)
    python = f"{VIRTUAL_ENVIRONMENT}/bin/python"
    environment = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    of_drivers = environment | (dict(sessions.variables) if sessions else {})
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
        "spark.driver.memory": f"{_NOTEBOOK_DRIVER_MIB if notebooks else _DRIVER_MIB}m",
        "spark.executor.cores": str(EXECUTOR_CORES),
        "spark.executor.memory": f"{size.heap_mib}m",
        "spark.executor.memoryOverhead": f"{size.overhead_mib}m",
        "spark.task.cpus": "1",
        # EMR's defaults, said because all rests on them: executors come with tasks, also onto nodes that managed
        # scaling adds, and go when idle, so that a notebook leaves room for a step; their shuffle files stay.
        "spark.dynamicAllocation.enabled": "true",
        "spark.shuffle.service.enabled": "true",
        "spark.sql.adaptive.enabled": "true",
        "spark.fruits.generation": generation,
        "spark.hadoop.mapreduce.input.fileinputformat.list-status.num-threads": "16",
        "spark.hadoop.fs.s3a.endpoint.region": region,
        **encrypted,
        **{f"spark.executorEnv.{name}": value for name, value in worker.items()},
        **{f"spark.yarn.appMasterEnv.{name}": value for name, value in (of_drivers | interpreter).items()},
    }
    files = {
        "spark-defaults": defaults,
        # The shuffle service lives in YARN's node manager; it refuses these executors unless told as well.
        "yarn-site": encrypted | yarn.SETTINGS,
        "capacity-scheduler": yarn.SCHEDULER,
        "spark-env": environment | interpreter,
    }
    if notebooks:
        files["livy-env"] = of_drivers | interpreter
    if sessions:
        # Livy's default ends a session in the midst of a statement that takes longer than this.
        files["livy-conf"] = {
            "livy.server.session.timeout": f"{sessions.timeout_seconds}s",
            "livy.server.session.timeout-check.skip-busy": "true",
        }
    return merged(files, extra, notebooks=notebooks)
