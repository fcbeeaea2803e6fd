"""Faults of the nodes: what the bootstrap action installs, what the step is told, what YARN gives."""

from typing import Final

from tests.rehearsal.planted.fault import DEPLOYED, RAN, SET_UP, Edit, Fault

_INSTALL: Final = "assets/bootstrap/install.sh"
_STEP: Final = "infra/job_step.py"
_SPARK: Final = "infra/spark.py"

FAULTS: Final = (
    Fault(
        name="an old wheelhouse is taken for complete, with a wheel for a newer system than the nodes have",
        edits=(
            Edit(
                "ops/build/wheelhouse.py",
                "return self._stamp.exists() and self._stamp.read_text() == self._digest()",
                "return True",
            ),
        ),
        newer_wheel=True,
        stage=DEPLOYED,
        says="glibc 2.36",
    ),
    Fault(
        name="the lock's hash is another one",
        edits=(
            Edit(
                _STEP,
                "args=[wheelhouse.s3_object_url, assets.lock_sha256,",
                "args=[wheelhouse.s3_object_url, assets.wheelhouse_hash,",
            ),
        ),
        stage=SET_UP,
        says="requirements.txt does not have sha256",
    ),
    Fault(
        name="the bootstrap action wants a Python that nodes do not have",
        edits=(Edit(_INSTALL, "readonly python=python3.11", "readonly python=python3.14"),),
        stage=SET_UP,
        says="python3.14 is not on this node, and dnf cannot install it",
    ),
    Fault(
        name="the bootstrap action makes files that YARN's user cannot read",
        edits=(Edit(_INSTALL, "umask 022 #", "umask 077 #"),),
        stage=RAN,
        says="Permission denied",
    ),
    Fault(
        name="the bootstrap action installs nothing",
        edits=(Edit(_INSTALL, "set -euo pipefail\n", "set -euo pipefail\nexit 0\n"),),
        stage=RAN,
        says="/opt/fruits/bin/python",
    ),
    Fault(
        name="the bootstrap action asks S3 of another region",
        edits=(Edit(_STEP, "directory, Stack.of(self).region]", 'directory, "us-east-1"]'),),
        stage=SET_UP,
        says="the S3 endpoint",
    ),
    Fault(
        name="the step names a JAR that is not there",
        edits=(Edit(_STEP, 'jar = "command-runner.jar"', 'jar = "commandrunner.jar"'),),
        stage=RAN,
        says="commandrunner.jar",
    ),
    Fault(
        name="PYSPARK_PYTHON is not where Python is",
        edits=(
            Edit(
                _SPARK,
                'python = f"{VIRTUAL_ENVIRONMENT}/bin/python"',
                'python = f"{VIRTUAL_ENVIRONMENT}/bin/python3.12"',
            ),
        ),
        stage=RAN,
        says="/opt/fruits/bin/python3.12",
    ),
    Fault(
        name="executors have another Python than the driver",
        edits=(Edit(_SPARK, '"spark.pyspark.python": python,', '"spark.pyspark.python": "python3.11",'),),
        stage=RAN,
        says="ModuleNotFoundError",
    ),
    Fault(
        name="no executor comes, for there are no workers",
        edits=(Edit("rehearsal/node/spark_cluster.py", "WORKERS: Final = 2\n", "WORKERS: Final = 0\n"),),
        stage=RAN,
        says="Initial job has not accepted any resources",
        stall_seconds=60,
    ),
    Fault(
        name="dynamic allocation is switched off, and half of the cluster idles",
        edits=(
            Edit(_SPARK, '"spark.dynamicAllocation.enabled": "true"', '"spark.dynamicAllocation.enabled": "false"'),
        ),
        stage=SET_UP,
        says="spark.dynamicAllocation.enabled=false",
    ),
    Fault(
        name="dynamic allocation may have no executor",
        edits=(
            Edit(
                _SPARK,
                '        "spark.shuffle.service.enabled": "true",\n',
                '        "spark.shuffle.service.enabled": "true",\n'
                '        "spark.dynamicAllocation.maxExecutors": "0",\n',
            ),
        ),
        stage=RAN,
        says="spark.dynamicAllocation.maxExecutors",
    ),
)
