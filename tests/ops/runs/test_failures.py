"""The exception that made a driver end, out of logs as Spark, Python and EMR write them."""

from ops.runs.failures import exit_code, failing_exception

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


def test_an_exception_that_is_merely_mentioned_does_not_count() -> None:
    mentioned = (
        "2026-11-22 19:01:33,120 WARNING cannot tell the progress\nTraceback (most recent call last):\n"
        "  File 'a.py', line 1\nTimeoutError: S3\n"
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
