import pytest

from infra.instance_types import InstanceType, instance_type
from infra.spark import Engine, configurations, executor_size


def _type(name: str) -> InstanceType:
    return instance_type(name, region="eu-west-1", architecture="x86_64")


@pytest.mark.parametrize("engine", ["litert", "keras"])
@pytest.mark.parametrize("name", ["m5.xlarge", "m5.2xlarge", "r5.xlarge", "m5.16xlarge"])
def test_executors_of_four_cores_fill_a_node_and_leave_room_for_the_application_master(
    engine: Engine, name: str
) -> None:
    node = _type(name)
    size = executor_size(engine, [node])
    for_yarn = node.memory_mib - min(8192, max(2048, node.memory_mib // 4))
    executors = node.vcpus // 4
    used = executors * (size.heap_mib + size.overhead_mib)
    assert used <= for_yarn - 1024
    assert used + executors > for_yarn - 1024


def test_the_smallest_node_of_a_mixed_fleet_decides() -> None:
    mixed = executor_size("litert", [_type("r5.xlarge"), _type("c6i.2xlarge"), _type("m5.xlarge")])
    assert mixed == executor_size("litert", [_type("c6i.2xlarge")])


def test_workers_with_tensorflow_get_more_memory_beside_the_heap() -> None:
    nodes = [_type("m5.xlarge")]
    assert executor_size("keras", nodes).overhead_mib > executor_size("litert", nodes).overhead_mib


def _files(
    engine: Engine = "litert", *, region: str = "eu-west-3", notebooks: bool = False
) -> dict[str, dict[str, str]]:
    nodes = [_type("m5.xlarge")]
    return configurations(engine=engine, region=region, node_types=nodes, generation="first", notebooks=notebooks)


def test_driver_and_executors_use_the_python_that_the_bootstrap_action_installs() -> None:
    files = _files()
    assert files["spark-defaults"]["spark.pyspark.python"] == "/opt/fruits/bin/python"
    assert files["spark-defaults"]["spark.pyspark.driver.python"] == "/opt/fruits/bin/python"
    assert files["spark-env"]["PYSPARK_PYTHON"] == "/opt/fruits/bin/python"


def test_the_region_reaches_driver_and_executors() -> None:
    files = _files(region="eu-north-1")
    assert files["spark-env"]["AWS_REGION"] == "eu-north-1"
    assert files["spark-defaults"]["spark.executorEnv.AWS_REGION"] == "eu-north-1"
    assert files["spark-defaults"]["spark.yarn.appMasterEnv.AWS_REGION"] == "eu-north-1"


def test_a_task_has_a_core_and_a_thread() -> None:
    defaults = _files("keras")["spark-defaults"]
    assert defaults["spark.task.cpus"] == "1"
    assert defaults["spark.executor.cores"] == "4"
    assert defaults["spark.executorEnv.OMP_NUM_THREADS"] == "1"
    assert defaults["spark.executorEnv.TF_NUM_INTRAOP_THREADS"] == "1"


def test_spark_encrypts_its_traffic_and_so_does_its_shuffle_service() -> None:
    files = _files()
    for name in ("spark-defaults", "yarn-site"):
        assert files[name]["spark.authenticate"] == "true"
        assert files[name]["spark.network.crypto.enabled"] == "true"


def test_only_notebooks_need_livy() -> None:
    for notebooks in (True, False):
        assert ("livy-env" in _files(notebooks=notebooks)) is notebooks
