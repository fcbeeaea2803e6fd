"""The Spark session, and what the driver watches in it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from job import SINGLE_THREADED
from job.storage.plan import MOST_GROUPS

log = logging.getLogger("fruits")


def open_session() -> SparkSession:
    """Open the session with what the job itself needs; everything else comes from spark-submit."""
    builder = SparkSession.builder.appName("fruits").config("spark.sql.execution.arrow.pyspark.enabled", "true")
    # All rows are made and read in Python: compiling a plan to Java would take longer than running it.
    builder = builder.config("spark.sql.codegen.wholeStage", "false")
    # What the driver hands out has a task for each row, however many slots there are as it does so.
    builder = builder.config("spark.sql.leafNodeDefaultParallelism", str(MOST_GROUPS))
    # One thread, and UTF-8 whatever the locale.
    for variable in (*SINGLE_THREADED, "PYTHONUTF8"):
        builder = builder.config(f"spark.executorEnv.{variable}", "1")
    return builder.getOrCreate()


@contextmanager
def every(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Do something every so many seconds while the block runs; its errors are logged, and end nothing."""
    finished = threading.Event()

    def repeat() -> None:
        while not finished.wait(seconds):
            try:
                action()
            except Exception:
                log.warning("cannot tell the progress", exc_info=True)

    thread = threading.Thread(target=repeat, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
