"""All that is different on a machine of the rehearsal from the nodes as deployed, and why no fault hides behind it.

`table` prints it, `docs/rehearsal.md` holds it, and a test fails when the job, the bootstrap action or the step reads
one of its names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from rehearsal.node.instance import Kind

Place = Literal["environment", "program", "disk", "spark-env", "spark-defaults"]


@dataclass(frozen=True)
class Override:
    """One difference.

    Parameters
    ----------
    place
        What it is: a variable of every program, a program, something on the disk, a setting in one of Spark's files.
    name
        Of the variable, program, folder or setting.
    value
        With names in braces that `rehearsal.node.applied` knows.
    reason
        Why it is different here, and why no fault of a deployment hides behind it.
    only
        The kind of instance that needs it; empty for both.
    """

    place: Place
    name: str
    value: str
    reason: str
    only: Kind | Literal[""] = ""


OVERRIDES: Final = (
    Override(
        "disk",
        "lists of authorities",
        "{authority}",
        "AWS's certificates are signed by authorities that the system, botocore, pip and Java trust anyway",
        "namespaces",
    ),
    Override(
        "environment", "HTTPS_PROXY", "{proxy}", "leads AWS's own host names here, and refuses all others", "shared"
    ),
    Override("environment", "https_proxy", "{proxy}", "as above, for those who read the small letters", "shared"),
    Override(
        "environment", "HTTP_PROXY", "{proxy}", "the subnets have no way out, the machine below may have one", "shared"
    ),
    Override("environment", "http_proxy", "{proxy}", "as above", "shared"),
    Override("environment", "NO_PROXY", "127.0.0.1,localhost", "metadata and Spark are on this machine", "shared"),
    Override("environment", "no_proxy", "127.0.0.1,localhost", "as above", "shared"),
    Override(
        "environment",
        "SSL_CERT_FILE",
        "{authority}",
        "AWS's certificates are signed by authorities that every system trusts",
        "shared",
    ),
    Override(
        "environment",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "{metadata}",
        "the same service, by the same protocol, at a port of 127.0.0.1",
        "shared",
    ),
    Override("disk", "/opt", "{root}/opt", "the same in arguments of actions and steps", "shared"),
    Override("program", "sudo", "{sudo}", "users are not in a list of sudo's here, as hadoop is on a node"),
    Override("program", "dnf", "installs python3.11", "Amazon Linux has that package, and nothing else is asked for"),
    Override("program", "python3.11", "{python}", "the system's Python on a node is this project's one here"),
    Override("program", "aws", "version 1", "nodes have version 2, which asks the metadata service for its region too"),
    Override("program", "spark-submit", "of the locked pyspark", "Spark comes from PyPI"),
    Override("spark-env", "JAVA_HOME", "{java_home}", "Java comes from PyPI"),
    Override("spark-env", "SPARK_HOME", "{spark_home}", "Spark comes from PyPI"),
    Override(
        "spark-env",
        "SPARK_DIST_CLASSPATH",
        "{s3a}",
        "S3A, which serves s3:// on EMR from 7.10 on, comes from PyPI in a build of Apache's",
    ),
    Override("spark-env", "SPARK_LAUNCHER_OPTS", "{quick}", "quick start"),
    Override("spark-env", "SPARK_LOCAL_IP", "127.0.0.1", "nothing listens to the network", "shared"),
    Override("spark-defaults", "spark.master", "spark://{host}:{master_port}", "Spark's own master instead of YARN's"),
    Override(
        "spark-defaults", "spark.authenticate.secret", "{secret}", "YARN makes one for each application by itself"
    ),
    Override("spark-defaults", "spark.shuffle.service.port", "{shuffle_port}", "one for each cluster", "shared"),
    Override("spark-defaults", "spark.driver.memory", "1g", "the machine is smaller; YARN's sums are a rule of synth"),
    Override("spark-defaults", "spark.executor.memory", "512m", "as above"),
    Override("spark-defaults", "spark.executor.cores", "1", "two executors on two cores"),
    Override("spark-defaults", "spark.driver.host", "127.0.0.1", "nothing listens to the network", "shared"),
    Override("spark-defaults", "spark.driver.bindAddress", "127.0.0.1", "as above", "shared"),
    Override("spark-defaults", "spark.ui.enabled", "false", "quick start"),
    Override("spark-defaults", "spark.driver.extraJavaOptions", "{java_options}", "quick start"),
    Override("spark-defaults", "spark.executor.extraJavaOptions", "{java_options}", "quick start"),
    Override(
        "spark-defaults",
        "spark.hadoop.fs.s3.impl",
        "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "as EMR presets it from 7.10 on",
    ),
    Override(
        "spark-defaults",
        "spark.hadoop.fs.s3a.endpoint",
        "s3.{region}.{domain}",
        "Apache's S3A of 3.3 finds no region by itself; EMR's has the deployed one",
    ),
    Override("spark-defaults", "spark.hadoop.fs.s3a.proxy.host", "{proxy_host}", "as HTTPS_PROXY", "shared"),
    Override("spark-defaults", "spark.hadoop.fs.s3a.proxy.port", "{proxy_port}", "as HTTPS_PROXY", "shared"),
)
"""Everything; other settings of the cluster are applied as deployed."""

IGNORED: Final[Mapping[str, str]] = {
    "yarn-site": "there is no YARN; labels and encryption are checked at synth",
}
"""Deployed files of which nothing can be applied."""


def table() -> Iterator[str]:
    """Yield the table as lines of Markdown."""
    yield "| what | name | here | where | why production cannot differ in it |"
    yield "|---|---|---|---|---|"
    for item in OVERRIDES:
        where = item.only or "both"
        yield f"| {item.place} | `{item.name}` | `{item.value}` | {where} | {item.reason} |"
    for name, reason in IGNORED.items():
        yield f"| {name} | all | not applied | both | {reason} |"
