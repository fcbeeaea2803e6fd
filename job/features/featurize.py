"""Photographs to features: a task reads ahead, decodes, infers, and commits batch by batch."""

import itertools
import os
import resource
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark import Broadcast
from pyspark.sql import DataFrame

from job.errors import Rejected
from job.features.backbone import FEATURES, Backbone
from job.features.decode import Decoded, decode
from job.features.engines import Engine, engine_of
from job.frames import ArrowFunction
from job.storage.listing import LISTING_SCHEMA, Photograph
from job.storage.locations import Location
from job.storage.reading import read_ahead
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA, QUARANTINE_SCHEMA

COMMITS: Final = (
    "task long, images long, features long, quarantined long,"
    " started double, ended double, peak_bytes long, worker string"
)
"""One row a batch: what it held, when it was worked on (seconds since the epoch), and its worker's memory."""


def featurize(
    tasks: DataFrame,
    *,
    images: Location,
    output: Location,
    plan: Broadcast[bytes],
    backbone: Broadcast[Backbone],
    batch_size: int,
) -> DataFrame:
    """Featurize photographs, and commit them batch by batch.

    Parameters
    ----------
    tasks
        Column `task`: row groups of the plan; one row a partition.
    images
        Root of the photographs.
    output
        Where features and quarantine are committed.
    plan
        Parquet whose row groups are the tasks (`LISTING_SCHEMA`), broadcast by the driver: an object of the output
        would be another run's to delete.
    backbone
        Broadcast by the driver; each Python worker builds one engine from it, once.
    batch_size
        Photographs to a commit: what a kill can cost a worker.

    Returns
    -------
    DataFrame
        `COMMITS`; lazy: collecting it is what runs the tasks.
    """
    return tasks.select("task").mapInArrow(_committer(images, output, plan, backbone, batch_size), COMMITS)


def featurize_batch(
    read: Iterable[tuple[Photograph, bytes | Rejected]], engine: Engine, root: Location
) -> tuple[pa.Table, pa.Table]:
    """Turn photographs into rows of features and rows of quarantine.

    Parameters
    ----------
    read
        Photographs with their content, or with why there is none, as they arrive.
    engine
        Computes the features.
    root
        What the photographs' paths are below of.

    Returns
    -------
    tuple of pyarrow.Table
        `FEATURES_SCHEMA` and `QUARANTINE_SCHEMA`; each photograph is in exactly one of them.
    """
    rows: list[tuple[Any, ...]] = []
    rejected: list[tuple[Any, ...]] = []
    features: list[NDArray[np.float32]] = []
    waiting: list[Decoded] = []

    def infer() -> None:
        features.append(engine.features(np.stack([photograph.pixels for photograph in waiting])))
        waiting.clear()

    for photograph, content in read:
        columns = (root.child(photograph.path).uri, photograph.label, photograph.bytes, photograph.etag)
        try:
            if isinstance(content, Rejected):
                raise content
            decoded = decode(content)
        except Rejected as reason:
            rejected.append((*columns, reason.reason, reason.detail))
            continue
        rows.append((*columns, decoded.width, decoded.height))
        waiting.append(decoded)
        if len(waiting) == engine.batch:
            infer()
    if waiting:
        infer()
    return _features_table(rows, features), _table(rejected, QUARANTINE_SCHEMA)


def _committer(
    images: Location, output: Location, plan: Broadcast[bytes], backbone: Broadcast[Backbone], batch_size: int
) -> ArrowFunction:
    def commit(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = ResultStore(output)
        root = images.open()
        engine = engine_of(backbone.value)
        for task in (number for record_batch in record_batches for number in record_batch["task"].to_pylist()):
            planned = pq.ParquetFile(pa.BufferReader(plan.value)).read_row_group(task, LISTING_SCHEMA.names)
            photographs = map(Photograph._make, zip(*(column.to_pylist() for column in planned.columns), strict=True))
            read = read_ahead(root, photographs)  # reads on while a batch is committed
            for _ in range(0, planned.num_rows, batch_size):
                started = time.time()
                features, quarantined = featurize_batch(itertools.islice(read, batch_size), engine, images)
                store.commit_batch(backbone.value.identity, features, quarantined)
                row = {
                    "task": task,
                    "images": features.num_rows + quarantined.num_rows,
                    "features": features.num_rows,
                    "quarantined": quarantined.num_rows,
                    "started": started,
                    "ended": time.time(),
                    "peak_bytes": peak_memory(),
                    "worker": f"{socket.gethostname()}:{os.getpid()}",
                }
                yield pa.RecordBatch.from_pylist([row])

    return commit


def peak_memory() -> int:
    """Return the most memory this process ever held, in bytes; the kernel counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _features_table(rows: list[tuple[Any, ...]], features: list[NDArray[np.float32]]) -> pa.Table:
    if not rows:
        return FEATURES_SCHEMA.empty_table()
    values = np.concatenate(features).reshape(-1)
    offsets = np.arange(0, values.size + 1, FEATURES, dtype=np.int32)
    columns = [
        pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), FEATURES_SCHEMA, strict=False)
    ]
    return pa.Table.from_arrays([*columns, pa.ListArray.from_arrays(offsets, pa.array(values))], schema=FEATURES_SCHEMA)


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema=schema
    )
