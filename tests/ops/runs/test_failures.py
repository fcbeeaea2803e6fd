"""The exception that made a driver end, out of logs as Spark, Python and EMR write them."""

import pytest

from ops.failures import exit_code, failing_exception, killed

IN_A_WORKER = """\
2026-11-22 19:01:33,120 INFO 60 photographs, 60 to featurize, run ac4d5a7c918b204b
Traceback (most recent call last):
  File "/mnt/tmp/spark-1/main.py", line 32, in <module>
    sys.exit(main())
             ^^^^^^
py4j.protocol.Py4JJavaError: An error occurred while calling o123.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent \
failure: Lost task 0.3 in stage 0.0 (TID 3) (ip-10-20-0-9 executor 1): org.apache.spark.api.python.PythonException: \
Traceback (most recent call last):
  File "/usr/lib/spark/python/lib/pyspark.zip/pyspark/worker.py", line 1247, in main
    process()
ValueError: 3 channels expected, got 4

\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:572)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""


def test_the_exception_of_a_worker_is_found_between_the_lines_of_java() -> None:
    found = failing_exception(IN_A_WORKER)
    assert found is not None
    assert found.line == "ValueError: 3 channels expected, got 4"
    assert found.block.splitlines()[0] == "Traceback (most recent call last):"
    assert "worker.py" in found.block
    assert "PythonRunner" not in found.block


def test_the_exception_of_the_driver_is_found() -> None:
    log = (
        "INFO x\nTraceback (most recent call last):\n  File 'a.py', line 1\n\nKeyError: 'uri'\n26/11/22 INFO shutdown\n"
    )
    found = failing_exception(log)
    assert found is not None
    assert found.line == "KeyError: 'uri'"


def test_the_jobs_own_line_says_more_than_what_java_makes_of_its_exit_code() -> None:
    log = (
        "error: no photograph under s3://data/images\n"
        'Exception in thread "main" org.apache.spark.SparkUserAppException: User application exited with 2\n'
    )
    found = failing_exception(log)
    assert found is not None
    assert found.line == "no photograph under s3://data/images"


def test_of_chained_exceptions_the_one_that_was_raised_counts() -> None:
    chained = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    first = "Traceback (most recent call last):\n  File 'a.py', line 1\nFileNotFoundError: a"
    second = "Traceback (most recent call last):\n  File 'b.py', line 2\njob.errors.JobError: no file a\n"
    found = failing_exception(first + chained + second)
    assert found is not None
    assert found.line == "job.errors.JobError: no file a"


def test_an_exception_after_which_the_driver_went_on_does_not_count() -> None:
    mentioned = (
        "2026-11-22 19:01:33,120 WARNING cannot tell the progress\nTraceback (most recent call last):\n"
        "  File 'a.py', line 1\nTimeoutError: S3\n2026-11-22 19:01:35,003 INFO 60 photographs\n"
    )
    assert failing_exception(mentioned) is None
    found = failing_exception(f"{mentioned}Caused by: java.lang.OutOfMemoryError: Java heap space\n")
    assert found is not None
    assert found.line == "java.lang.OutOfMemoryError: Java heap space"


def test_a_traceback_that_is_cut_off_is_no_exception() -> None:
    assert failing_exception("Traceback (most recent call last):\n  File 'a.py', line 1\n") is None


def test_a_long_traceback_is_shortened_in_its_middle() -> None:
    frames = "".join(f"  File 'a.py', line {number}\n" for number in range(500))
    found = failing_exception(f"Traceback (most recent call last):\n{frames}RecursionError: too deep\n")
    assert found is not None
    assert len(found.block.splitlines()) < 100
    assert found.block.splitlines()[-1] == "RecursionError: too deep"


def test_exit_codes_are_found_as_emr_and_its_step_runner_say_them() -> None:
    assert exit_code("x\nCommand exiting with ret '137'\n") == 137
    assert exit_code("INFO waitProcessCompletion ended with exit code 1 : hadoop jar command-runner.jar\n") == 1
    assert exit_code("2026-11-22T19:01:47Z ended with code -9 after 16.8 s") == -9
    assert exit_code("nothing of that kind") is None


def test_an_exception_right_below_a_line_of_the_log_counts_if_it_is_the_end() -> None:
    found = failing_exception(f"2026-11-22 19:01:33,120 WARNING 3 in quarantine\n{IN_A_WORKER}")
    assert found is not None
    assert found.line == "ValueError: 3 channels expected, got 4"


def test_of_a_group_of_exceptions_the_first_is_named() -> None:
    found = failing_exception(
        "  + Exception Group Traceback (most recent call last):\n  |   File 'main.py', line 3, in <module>\n"
        "  | ExceptionGroup: reads (1 sub-exception)\n  +-+---------------- 1 ----------------\n"
        "    | ValueError: bad etag\n    +------------------------------------\n"
    )
    assert found is not None
    assert found.line == "ExceptionGroup: reads (1 sub-exception): ValueError: bad etag"


def of_spark(cause: str) -> str:
    return (
        "Traceback (most recent call last):\n  File 'main.py', line 32, in <module>\n"
        "py4j.protocol.Py4JJavaError: An error occurred while calling o123.collectToPython.\n"
        f": {cause}\nDriver stacktrace:\n\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala)\n"
    )


def lost_task(reason: str) -> str:
    return of_spark(
        "org.apache.spark.SparkException: Job aborted due to stage failure: Task 17 in stage 0.0 failed 4 times, most"
        f" recent failure: Lost task 17.3 in stage 0.0 (TID 60) (ip-10-20-0-9 executor 4): {reason}"
    )


@pytest.mark.parametrize(
    ("log", "cause", "meaning"),
    [
        (
            lost_task(
                "ExecutorLostFailure (executor 4 exited caused by one of the running tasks) Reason: Container killed by"
                " YARN for exceeding physical memory limits. 9.1 GB of 9 GB physical memory used."
            ),
            "Container killed by YARN for exceeding physical memory limits",
            "more memory than its container has",
        ),
        (lost_task("java.io.IOException: No space left on device"), "No space left on device", "larger disks"),
        (
            lost_task(
                'java.io.IOException: Cannot run program "/opt/fruits/bin/python": error=2, No such file or directory'
            ),
            "Cannot run program",
            "fruits logs --bootstrap",
        ),
        (
            lost_task(
                "ExecutorLostFailure (executor 4 exited unrelated to the running tasks) Reason: Executor decommission:"
                " spot instance reclaimed"
            ),
            "Executor decommission",
            "capacity was taken back",
        ),
        (
            of_spark("org.apache.spark.SparkException: Job 3 cancelled because SparkContext was shut down"),
            "SparkContext was shut down",
            "something ended Spark under the job",
        ),
        (
            of_spark(
                "java.nio.file.AccessDeniedException: s3://data/results/model/metadata: getFileStatus on s3://data/x:"
                " software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Status Code: 403)\nCaused by:"
                " software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Status Code: 403)"
            ),
            "s3://data/results/model/metadata",
            "lacks a right",
        ),
        (
            "Traceback (most recent call last):\npy4j.protocol.Py4JError: An error occurred while calling o6.collect\n",
            "Py4JError",
            "JVM is gone",
        ),
    ],
)
def test_a_cause_comes_first_with_what_it_means(log: str, cause: str, meaning: str) -> None:
    found = failing_exception(log)
    assert found is not None
    assert cause in found.line
    assert "Py4JJavaError" not in found.line
    assert meaning in found.explained


def test_a_driver_that_was_killed_is_told_from_one_that_ended_by_itself() -> None:
    found = killed(137, "")
    assert found is not None
    assert found.explained.startswith("the driver was killed by signal 9 (SIGKILL); the system does that when memory")
    assert killed(1, "") is None
    assert killed(None, "") is None


def test_a_driver_that_was_killed_for_its_memory_says_so() -> None:
    found = killed(-9, "java.lang.OutOfMemoryError: Java heap space\n# Executing /bin/sh -c 'kill -9 5476'...")
    assert found is not None
    assert "OutOfMemoryError: Java heap space" in found.line
    assert "more memory" in found.explained
