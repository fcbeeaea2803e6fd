"""Spark's files on a machine: the cluster's configuration as deployed, and what has to be different here."""

import json
import logging
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from rehearsal.node.machine import Machine
from rehearsal.node.overrides import IGNORED, TRUST_PASSWORD, overrides_for, truststore

DEFAULTS: Final = "etc/spark/spark-defaults.conf"
ENVIRONMENT: Final = "etc/spark/spark-env.sh"

_JAVA_OPTIONS: Final = "spark.driver.extraJavaOptions"
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
    if _JAVA_OPTIONS in defaults:
        ours[_JAVA_OPTIONS] = f"{defaults[_JAVA_OPTIONS]} {ours[_JAVA_OPTIONS]}"
    defaults = {key: machine.placed(value) for key, value in defaults.items()} | ours
    variables = {key: machine.placed(value) for key, value in variables.items()}
    variables |= overrides_for(machine, "spark-env")
    _write(machine, DEFAULTS, [f"{key} {_escaped(value)}" for key, value in sorted(defaults.items())])
    _write(machine, ENVIRONMENT, [f"{key}={shlex.quote(value)}" for key, value in sorted(variables.items())])
    # Without it, Amazon's SDK takes us-east-1 for the region of any endpoint that it does not know.
    region = {"hostNameRegex": "127\\.0\\.0\\.1|localhost", "regionName": machine.aws.region}
    override = json.dumps({"hostRegexToRegionMappings": [region]})
    _write(machine, "etc/spark/aws/awssdk_config_override.json", [override])
    _write_truststore(machine)


def _escaped(value: str) -> str:
    """Keep a value from the meaning that backslashes have in Java's properties."""
    return value.replace("\\", "\\\\")


def _write(machine: Machine, name: str, lines: Iterable[str]) -> None:
    (machine.root / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_truststore(machine: Machine) -> None:
    authority = x509.load_pem_x509_certificate(machine.aws.authority.read_bytes())
    content = pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(authority, b"aws")], BestAvailableEncryption(TRUST_PASSWORD.encode())
    )
    truststore(machine).write_bytes(content)
