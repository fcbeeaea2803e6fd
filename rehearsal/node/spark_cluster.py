"""Spark's own master, workers and external shuffle service on a machine, in place of YARN's.

Workers belong to the user `yarn`, as containers do on EMR; executors come when an application asks for them, and are
processes of their own. All of it starts with the first `spark-submit`: a node that runs none does not pay for it.
"""

import time
from pathlib import Path
from typing import Final

from ops.local.spark_submit import quick_start
from rehearsal.node.applied import folder_of, overrides_for
from rehearsal.node.logs import LogUpload
from rehearsal.node.machine import Machine
from rehearsal.node.program import KeptPrograms, RunningProgram
from rehearsal.node.spark import ASKED_FOR, OF_CLUSTER, of_cluster

WORKERS: Final = 2
_CORES_OF_WORKER: Final = 1
_MEMORY_OF_WORKER: Final = "1g"
_LOGS: Final = "mnt/var/log/spark"
_EXECUTORS: Final = "mnt/yarn/worker-*/app-*/[0-9]*"


def commands(*, host: str, port: int, folder: str, settings: str) -> dict[str, list[str]]:
    """Return what `spark-class` has to be given for each process of a cluster, by its name.

    Parameters
    ----------
    host, port
        Of the master.
    folder
        Where workers keep what executors print.
    settings
        File of properties for master and workers; the shuffle service reads none.
    """
    deploy = "org.apache.spark.deploy"
    common = ("--host", host, "--webui-port", "0", "--properties-file", settings)
    found = {
        "master": [f"{deploy}.master.Master", *common, "--port", str(port)],
        "shuffle-service": [f"{deploy}.ExternalShuffleService"],
    }
    for number in range(1, WORKERS + 1):
        size = ("--cores", str(_CORES_OF_WORKER), "--memory", _MEMORY_OF_WORKER)
        work = ("--work-dir", f"{folder}/worker-{number}")
        found[f"worker-{number}"] = [f"{deploy}.worker.Worker", *common, *size, *work, f"spark://{host}:{port}"]
    return found


class SparkCluster:
    """Runs them from the first `spark-submit` on, and starts again what has ended, as the agents of a node do.

    Parameters
    ----------
    machine
        The machine they run on.
    logs
        Takes what executors print.
    log_seconds
        Seconds between two uploads of that.
    """

    busy = False
    """Those who use it are steps and sessions, and keep the cluster themselves."""

    def __init__(self, machine: Machine, logs: LogUpload, *, log_seconds: float) -> None:
        self._machine = machine
        self._logs = logs
        self._log_seconds = log_seconds
        self._uploaded = time.monotonic()
        self._commands = commands(
            host=machine.instance.hostname,
            port=machine.instance.ports["master"],
            folder=machine.path("mnt/yarn"),
            settings=machine.path(OF_CLUSTER),
        )
        self._programs = KeptPrograms(machine.cluster_id, self._start)

    def keep(self) -> None:
        """Start what should run and does not, and upload what executors have printed."""
        if not (self._machine.root / ASKED_FOR).exists():
            return
        self._programs.keep(self._commands)
        if time.monotonic() - self._uploaded > self._log_seconds:
            self._upload()

    def end(self) -> None:
        """End all of it, and upload what executors have printed."""
        self._programs.end()
        self._upload()

    def _upload(self) -> None:
        for folder in self._machine.root.glob(_EXECUTORS):
            self._logs.upload_container(*container_of(folder), folder)
        self._uploaded = time.monotonic()

    def _start(self, name: str, command: list[str]) -> RunningProgram:
        logs = self._machine.root / _LOGS / name
        logs.mkdir(parents=True, exist_ok=True)
        options = [quick_start(), *(f"-D{key}={value}" for key, value in of_cluster(self._machine).items())]
        variables = {
            **overrides_for(self._machine, "spark-env"),
            "USER": "yarn",
            "LOGNAME": "yarn",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": " ".join(options),
            "SPARK_LOCAL_DIRS": self._machine.path("mnt/yarn"),
        }
        return RunningProgram(
            self._machine,
            [str(folder_of("pyspark") / "bin" / "spark-class"), *command],
            folder=self._machine.root / "mnt" / "yarn",
            logs=logs,
            variables=variables,
            marks={"SPARK_IDENT_STRING": name},  # a variable of Spark's for its daemons, which executors inherit
            user="yarn",
        )


def container_of(folder: Path) -> tuple[str, str]:
    """Return the names that YARN would give the application and the container of an executor.

    Parameters
    ----------
    folder
        Where Spark's worker has put it: ``app-<time>-<number>/<executor>``.

    Notes
    -----
    Container 1 of an application is its master, which is not here; executors are counted from 0.
    """
    application = folder.parent.name.removeprefix("app-").replace("-", "_")
    return f"application_{application}", f"container_{application}_01_{int(folder.name) + 2:06}"
