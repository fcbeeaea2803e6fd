"""Row of the engine's limit: decode and inference alone, one process a core, without Spark."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from bench.measure import peak_bytes
from bench.row import Row
from bench.settings import RowFailed, Settings, cores
from job.errors import Rejected
from job.features.decode import SIDE, decode
from job.features.engines import LiteRtEngine

_CLAIM = 16
"""Photographs a process takes at a time: few, so that all end together and a core's pause is not counted twice."""

_READY_SECONDS = 120.0

_shared: dict[str, Any] = {}


class Share(NamedTuple):
    """What one process did; times are seconds of the clock that all processes have in common."""

    photographs: int
    rejected: int
    started: float
    ended: float
    peak_bytes: int


def engine_limit(settings: Settings) -> Row:
    """Let one process a core read, decode and infer until no photograph is left.

    The clock runs from the moment when every process has built its engine and run it once, to the end of the last.
    """
    model = settings.model
    context = multiprocessing.get_context("spawn")
    shared = (context.Barrier(cores()), context.Value("q", 0))
    with ProcessPoolExecutor(cores(), context, initializer=_share, initargs=shared) as pool:
        tasks = [pool.submit(_work, model, str(settings.images), settings.photographs) for _ in range(cores())]
        shares = [task.result() for task in tasks]
    done = sum(share.photographs for share in shares)
    if done != len(settings.photographs):
        raise RowFailed(f"{done} of {len(settings.photographs)} photographs were worked on")
    seconds = max(share.ended for share in shares) - min(share.started for share in shares)
    return Row(
        "engine-limit",
        f"decode + inference alone, {cores()} processes, engines built before the clock starts",
        images=done,
        seconds=seconds,
        featurize_seconds=seconds,
        worker_peak_bytes=max(share.peak_bytes for share in shares),
        details={
            "rejected": sum(share.rejected for share in shares),
            "images_of_each_process": [share.photographs for share in shares],
        },
    )


def claims(cursor: Any, count: int) -> Iterator[range]:
    """Yield ranges of numbers below a count until none is left; processes that share the cursor share the numbers."""
    while True:
        with cursor.get_lock():
            first = cursor.value
            cursor.value = first + _CLAIM
        if first >= count:
            return
        yield range(first, min(first + _CLAIM, count))


def _share(barrier: Any, cursor: Any) -> None:
    _shared.update(barrier=barrier, cursor=cursor)


def _work(model: bytes, root: str, paths: list[str]) -> Share:
    barrier = _shared["barrier"]
    try:
        engine = LiteRtEngine(model)
        engine.features(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    except BaseException:
        barrier.abort()
        raise
    barrier.wait(_READY_SECONDS)
    started, done, rejected = time.monotonic(), 0, 0
    for numbers in claims(_shared["cursor"], len(paths)):
        for number in numbers:
            try:
                engine.features(decode(Path(root, paths[number]).read_bytes()).pixels[np.newaxis])
            except Rejected:
                rejected += 1
        done += len(numbers)
    return Share(done, rejected, started, time.monotonic(), peak_bytes(psutil.Process()))
