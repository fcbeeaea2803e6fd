"""The line that a failed step is reported with, from what drivers really print."""

from pathlib import Path

import pytest

from rehearsal.node.steps import cause_of

PYTHON = """2026-11-22 12:00:00,000 INFO start took 0.7 s
Traceback (most recent call last):
  File "main.py", line 3, in <module>
    raise KeyError("first")
KeyError: 'first'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "main.py", line 5, in <module>
    raise ValueError("second")
ValueError: second
"""
FROM_JAVA = """Traceback (most recent call last):
  File "main.py", line 3, in <module>
py4j.protocol.Py4JJavaError: An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.
: org.apache.spark.SparkException: maxExecutors cannot be 0!
\tat org.apache.spark.ExecutorAllocationManager.validateSettings(ExecutorAllocationManager.scala:188)

"""
SPARK = """26/11/22 12:00:00 ERROR Executor: Exception in task 0.0: Traceback (most recent call last):
  File "worker.py", line 3, in f
ValueError: in a task
26/11/22 12:00:00 INFO ShutdownHookManager: Shutdown hook called
"""
JAVA = """26/11/22 12:00:00 INFO Utils: started
Exception in thread "main" java.nio.file.AccessDeniedException: s3://b/main.py: not authorized
\tat org.apache.hadoop.fs.s3a.S3AUtils.translateException(S3AUtils.java:255)
26/11/22 12:00:00 INFO ShutdownHookManager: Shutdown hook called
"""
JOB = "2026-11-22 12:00:00,000 INFO plan took 0.1 s\nerror: no photographs in s3://b/images\n"


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "expected"),
    [
        (1, PYTHON, SPARK, ("ValueError: second", "stdout")),
        (1, FROM_JAVA, "", ("org.apache.spark.SparkException: maxExecutors cannot be 0!", "stdout")),
        (2, JOB, SPARK, ("error: no photographs in s3://b/images", "stdout")),
        (1, "", JAVA, ("java.nio.file.AccessDeniedException: s3://b/main.py: not authorized", "stderr")),
        (3, "fetching\n", "curl: (7) no route\n\n", ("curl: (7) no route", "stderr")),
        (3, "only this\n", "", ("only this", "stdout")),
        (3, "", "", ("ended with code 3", "controller")),
        (137, PYTHON, "", ("ended by signal 9 (SIGKILL)", "controller")),
        (-15, "", JAVA, ("ended by signal 15 (SIGTERM)", "controller")),
    ],
    ids=[
        "python",
        "java below python",
        "the job",
        "java",
        "last line of stderr",
        "last line of stdout",
        "silent",
        "killed",
        "terminated",
    ],
)
def test_the_cause_is(tmp_path: Path, code: int, stdout: str, stderr: str, expected: tuple[str, str]) -> None:
    (tmp_path / "stdout").write_text(stdout, encoding="utf-8")
    (tmp_path / "stderr").write_text(stderr, encoding="utf-8")
    assert cause_of(code, tmp_path) == expected


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    (tmp_path / "stdout").write_text("x" * 3_000_000 + "\nKeyError: 'late'\n", encoding="utf-8")
    (tmp_path / "stderr").touch()
    assert cause_of(1, tmp_path) == ("KeyError: 'late'", "stdout")
