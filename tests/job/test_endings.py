"""How a run can end other than well, each ending produced for real, and what is said of it."""

import os
import signal
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest
from pyspark.sql import SparkSession

from ops.failures import failing_exception
from ops.local.sample import render_sample
from ops.local.spark_submit import JobFailed, Submission, submit

pytestmark = pytest.mark.spark

Partition = Iterable[object]
Work = Callable[[Partition], Partition]


def endings() -> dict[str, Work]:
    """Return what a worker does; inner functions travel to it whole."""

    def is_killed(_: Partition) -> Partition:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    def fills_a_disk(_: Partition) -> Partition:
        Path("/dev/full").write_bytes(b"spilled")
        return []

    def is_wrong(_: Partition) -> Partition:
        raise ValueError("3 channels expected, got 4")

    def wants_memory(_: Partition) -> Partition:
        return [bytearray(1 << 62)]

    return {"killed": is_killed, "full disk": fills_a_disk, "wrong": is_wrong, "memory": wants_memory}


@pytest.mark.parametrize(
    ("ending", "cause", "meaning"),
    [
        ("killed", "Python worker exited unexpectedly", "a Python worker was killed or crashed"),
        ("full disk", "OSError: [Errno 28] No space left on device", "the disk of a node is full"),
        ("wrong", "ValueError: 3 channels expected, got 4", ""),
        ("memory", "MemoryError", "more memory than its container has"),
    ],
)
def test_what_ends_a_worker_is_the_cause_of_the_end(spark: SparkSession, ending: str, cause: str, meaning: str) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - a Py4JJavaError, whatever the cause
        spark.sparkContext.parallelize([0], 1).mapPartitions(endings()[ending]).collect()
    found = failing_exception("".join(traceback.format_exception(raised.value)))
    assert found is not None
    assert found.line.startswith(cause)
    assert meaning in found.explained


def test_a_driver_that_is_killed_in_mid_run_is_said_to_be(tmp_path: Path) -> None:
    render_sample(tmp_path / "photos", per_label=20, labels=["Lemon", "Orange"])

    before = set(psutil.Process().children())

    def kill(_done: int, _all: int) -> None:
        for child in set(psutil.Process().children()) - before:
            child.kill()

    submission = Submission(
        ("--images", str(tmp_path / "photos"), "--output", str(tmp_path / "out"), "--batch-size", "8")
    )
    with pytest.raises(JobFailed, match=r"^the driver was killed by signal 9 \(SIGKILL\)") as failed:
        submit(submission, progress=kill, log=lambda _line: None)
    log = Path(str(failed.value).partition("the end of its log: ")[2].removesuffix(")"))
    assert "featurized" in log.read_text(encoding="utf-8")
