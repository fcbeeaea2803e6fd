"""Row of the job on a Spark cluster with dynamic allocation: executors come when they are asked for, none at first."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from bench.job_rows import row_of, submit_job
from bench.measure import stop
from bench.row import Row
from bench.settings import WORK, Settings, free_port, fresh_folder
from ops.local.spark_submit import JAVA_OPTIONS, environment
from rehearsal.node.spark_cluster import commands

_HOST: Final = "127.0.0.1"


def job_cluster(settings: Settings) -> Row:
    """Run the job on two executors of one core into an empty output."""
    settings.freeze()
    output = fresh_folder("job-cluster")
    ports = {"master": free_port(), "shuffle": free_port()}
    allocation = {
        "spark.dynamicAllocation.enabled": "true",
        "spark.shuffle.service.enabled": "true",
        "spark.shuffle.service.port": str(ports["shuffle"]),
        "spark.executor.cores": "1",
        "spark.executor.memory": "512m",
        "spark.executor.extraJavaOptions": JAVA_OPTIONS,
    }
    with _spark_cluster(ports):
        measured = submit_job(
            "job-cluster",
            str(settings.images),
            output,
            master=f"spark://{_HOST}:{ports['master']}",
            configuration=tuple(allocation.items()),
        )
    return row_of("job-cluster", "the job on two executors, none at the start", measured, output)


@contextlib.contextmanager
def _spark_cluster(ports: dict[str, int]) -> Iterator[None]:
    """Run Spark's own master, two workers of a core each, and the shuffle service."""
    folder = fresh_folder("spark-cluster")
    folder.mkdir()
    settings = folder / "cluster.conf"
    settings.write_text(f"spark.shuffle.service.port {ports['shuffle']}\n", encoding="utf-8")
    with contextlib.ExitStack() as stack:
        for name, command in commands(
            host=_HOST, port=ports["master"], folder=str(folder), settings=str(settings)
        ).items():
            stack.enter_context(_running(command, folder / f"{name}.log", ports["shuffle"]))
        yield


@contextlib.contextmanager
def _running(command: list[str], log: Path, shuffle_port: int) -> Iterator[None]:
    variables = environment()
    options = f"{JAVA_OPTIONS} -Dspark.shuffle.service.port={shuffle_port}"
    program = str(Path(variables["SPARK_HOME"]) / "bin" / "spark-class")
    with log.open("wb") as file:
        process = psutil.Popen(
            [program, *command],
            env={**variables, "SPARK_DAEMON_JAVA_OPTS": options, "SPARK_LOCAL_DIRS": str(WORK / "spark-cluster")},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        stop(process)
        process.wait()
