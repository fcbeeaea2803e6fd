"""Spark's files on a machine: the cluster's configuration as deployed, and what has to be different here."""

import logging
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rehearsal.node.applied import overrides_for
from rehearsal.node.machine import Machine
from rehearsal.node.overrides import IGNORED

DEFAULTS: Final = "etc/spark/conf/spark-defaults.conf"
ENVIRONMENT: Final = "etc/spark/conf/spark-env.sh"
"""What `spark-submit` reads, where EMR has it."""

OF_CLUSTER: Final = "etc/spark/cluster.conf"
"""What Spark's master and workers read, by file, and its shuffle service; on EMR these are YARN's."""

ASKED_FOR: Final = "mnt/tmp/spark-submit"
"""What the first `spark-submit` leaves: before, nothing of Spark need run."""

_PRESET: Final = {"spark.dynamicAllocation.enabled": "true", "spark.shuffle.service.enabled": "true"}
"""What EMR itself sets, and a cluster's configuration may change (EMR release guide, "Configure Spark")."""

_JAVA_OPTIONS: Final = ("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions")
OF_NOTEBOOKS: Final = ("livy-conf", "livy-env")
"""What `rehearsal.node.notebooks` applies."""
_SHARED: Final = (
    *("spark.authenticate", "spark.authenticate.secret", "spark.network.crypto.enabled"),
    "spark.shuffle.service.port",
)
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
    defaults: dict[str, str] = dict(_PRESET)
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
        elif name not in OF_NOTEBOOKS:
            _log.info("%s: %s is not applied: %s", machine.cluster_id, name, IGNORED.get(name, "not known here"))
    ours = overrides_for(machine, "spark-defaults")
    for key in _JAVA_OPTIONS:
        ours[key] = f"{defaults.get(key, '')} {ours[key]}".strip()
    defaults = {key: machine.instance.placed(value) for key, value in defaults.items()} | ours
    variables = {key: machine.instance.placed(value) for key, value in variables.items()}
    variables |= overrides_for(machine, "spark-env")
    _write(machine, DEFAULTS, defaults)
    _write(machine, OF_CLUSTER, {key: value for key, value in defaults.items() if key in _SHARED})
    lines = [f"{key}={shlex.quote(value)}\n" for key, value in sorted(variables.items())]
    (machine.root / ENVIRONMENT).write_text("".join(lines), encoding="utf-8")


def of_cluster(machine: Machine) -> dict[str, str]:
    """Read back what Spark's own processes share."""
    lines = (machine.root / OF_CLUSTER).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _write(machine: Machine, name: str, properties: Mapping[str, str]) -> None:
    path = machine.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # A backslash has a meaning in Java's properties.
    lines = [f"{key} {value.replace(chr(92), chr(92) * 2)}\n" for key, value in sorted(properties.items())]
    path.write_text("".join(lines), encoding="utf-8")
