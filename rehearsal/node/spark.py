"""Spark's files on a machine: the cluster's configuration as deployed, and what has to be different here."""

import logging
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rehearsal.node.applied import QUICK_START, overrides_for
from rehearsal.node.machine import Machine
from rehearsal.node.overrides import IGNORED

OF_STEPS: Final = "etc/spark/conf"
"""Folder with what `spark-submit` reads, as on EMR."""

OF_CLUSTER: Final = "etc/spark/cluster"
"""Folder with what Spark's master, workers and shuffle service read; on EMR these are YARN's."""

_JAVA_OPTIONS: Final = ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions")
_SHARED: Final = ("spark.authenticate", "spark.authenticate.secret", "spark.network.crypto.enabled")
_log = logging.getLogger("fruits.node")


def configure_spark(machine: Machine, configurations: Iterable[Mapping[str, Any]]) -> None:
    """Write the files.

    Parameters
    ----------
    machine
        Where.
    configurations
        Of the cluster, as `DescribeCluster` gives them: ``Classification``, ``Properties``, ``Configurations``.
    """
    defaults: dict[str, str] = {}
    variables: dict[str, str] = {}
    for item in configurations:
        name, values = item["Classification"], item.get("Properties", {})
        if name == "spark-defaults":
            defaults |= values
        elif name == "core-site":
            defaults |= {f"spark.hadoop.{key}": value for key, value in values.items()}
        elif name == "spark-env":
            for nested in item.get("Configurations", []):
                variables |= nested.get("Properties", {})
        else:
            _log.info("%s: %s is not applied: %s", machine.cluster_id, name, IGNORED.get(name, "not known here"))
    ours = overrides_for(machine, "spark-defaults")
    for key in _JAVA_OPTIONS:
        ours[key] = f"{defaults.get(key, '')} {ours[key]}".strip()
    defaults = {key: machine.instance.placed(value) for key, value in defaults.items()} | ours
    variables = {key: machine.instance.placed(value) for key, value in variables.items()}
    started = overrides_for(machine, "spark-env")
    _write(machine, OF_STEPS, defaults, variables | started)
    of_cluster = {key: value for key, value in defaults.items() if key in _SHARED or "shuffle.service.port" in key}
    quick = {"SPARK_DAEMON_JAVA_OPTS": QUICK_START, "SPARK_DAEMON_MEMORY": "256m"}
    _write(machine, OF_CLUSTER, of_cluster, started | quick)


def _write(machine: Machine, folder: str, defaults: Mapping[str, str], variables: Mapping[str, str]) -> None:
    path = machine.root / folder
    path.mkdir(parents=True, exist_ok=True)
    # A backslash has a meaning in Java's properties.
    lines = [f"{key} {value.replace(chr(92), chr(92) * 2)}\n" for key, value in sorted(defaults.items())]
    (path / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    lines = [f"{key}={shlex.quote(value)}\n" for key, value in sorted(variables.items())]
    (path / "spark-env.sh").write_text("".join(lines), encoding="utf-8")
