import pytest

from infra import yarn
from infra.instance_types import InstanceType, instance_type
from infra.spark import Engine, configurations, executor_size


def _type(name: str) -> InstanceType:
    return instance_type(name, region="eu-west-1", architecture="x86_64")


@pytest.mark.parametrize(
    ("name", "mib"), [("c6i.xlarge", 6_144), ("m5.xlarge", 12_288), ("m5.2xlarge", 24_576), ("m5.16xlarge", 253_952)]
)
def test_yarn_has_a_node_but_for_a_quarter_of_2_to_8_gib(name: str, mib: int) -> None:
    assert yarn.node_mib(_type(name)) == mib


def test_a_container_is_rounded_up_as_yarn_does() -> None:
    assert yarn.of_heap(512).mib == 896
    assert yarn.of_heap(4096).mib == 4_512  # 4,096 and a tenth are 4,505


@pytest.mark.parametrize("notebooks", [False, True], ids=["steps", "notebooks"])
@pytest.mark.parametrize("engine", ["litert", "keras"])
@pytest.mark.parametrize("name", ["m5.xlarge", "m5.2xlarge", "r5.xlarge", "m5.16xlarge"])
def test_executors_of_four_cores_fill_a_node_and_leave_room_for_the_master_of_an_application(
    engine: Engine, name: str, notebooks: bool
) -> None:
    node = _type(name)
    master = yarn.of_heap(1024 if notebooks else 512).mib
    executors = node.vcpus // 4
    used = executors * executor_size(engine, [node], notebooks=notebooks).mib + master
    assert used <= yarn.node_mib(node) < used + 32 * executors


def test_the_smallest_node_of_a_mixed_fleet_decides() -> None:
    mixed = executor_size("litert", [_type("r5.xlarge"), _type("c6i.2xlarge"), _type("m5.xlarge")], notebooks=False)
    assert mixed == executor_size("litert", [_type("c6i.2xlarge")], notebooks=False)


def test_workers_with_tensorflow_get_more_memory_beside_the_heap() -> None:
    keras, litert = (executor_size(engine, [_type("m5.xlarge")], notebooks=False) for engine in ("keras", "litert"))
    assert keras.overhead_mib > litert.overhead_mib


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


def test_masters_of_applications_go_to_core_nodes_which_are_not_spot() -> None:
    labels = _files()["yarn-site"]
    assert labels["yarn.node-labels.enabled"] == "true"
    assert labels["yarn.node-labels.am.default-node-label-expression"] == "CORE"


def test_what_the_job_needs_of_emrs_defaults_is_said() -> None:
    files = _files()
    assert files["spark-defaults"]["spark.dynamicAllocation.enabled"] == "true"
    assert files["spark-defaults"]["spark.shuffle.service.enabled"] == "true"
    calculator = files["capacity-scheduler"]["yarn.scheduler.capacity.resource-calculator"]
    assert calculator.endswith(".DefaultResourceCalculator")


def test_the_driver_of_a_notebook_is_small_for_it_lives_on_a_core_node() -> None:
    assert _files(notebooks=True)["spark-defaults"]["spark.driver.memory"] == "1024m"
    assert _files()["spark-defaults"]["spark.driver.memory"] == "4096m"


def test_only_notebooks_need_livy() -> None:
    for notebooks in (True, False):
        assert ("livy-env" in _files(notebooks=notebooks)) is notebooks
