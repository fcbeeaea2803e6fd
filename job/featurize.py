"""Photographs to features: one task reads, decodes, infers and commits one batch."""

import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import Broadcast
from pyspark.sql import DataFrame

from job.backbone import FEATURES, Backbone
from job.decode import Decoded, Rejected, decode
from job.engines import Engine, engine_of
from job.images import LISTING_SCHEMA, Photograph, read_ahead
from job.locations import Location, ObjectReader
from job.session import ArrowFunction
from job.store import FEATURES_SCHEMA, QUARANTINE_SCHEMA, ResultStore

COMMITS: Final = (
    "batch long, images long, features long, quarantined long,"
    " started double, ended double, peak_bytes long, worker string"
)
"""One row a batch: what it held, when it was worked on (seconds since the epoch), and its worker's memory."""


def featurize(
    batches: DataFrame, *, images: Location, output: Location, plan: str, backbone: Broadcast[Backbone]
) -> DataFrame:
    """Featurize and commit batches of photographs.

    Parameters
    ----------
    batches
        Column `batch`: row groups of the plan. One row a partition keeps tasks as small as batches.
    images
        Root of the photographs.
    output
        Where features and quarantine are committed.
    plan
        Path below the output of the Parquet object whose row groups are the batches (`LISTING_SCHEMA`).
    backbone
        Broadcast by the driver; each Python worker builds one engine from it, once.

    Returns
    -------
    DataFrame
        `COMMITS`; lazy: collecting it is what runs the batches.
    """
    return batches.select("batch").mapInArrow(_committer(images, output, plan, backbone), COMMITS)


def featurize_batch(
    photographs: Iterable[Photograph],
    read: Callable[[Iterable[Photograph]], Iterator[tuple[Photograph, bytes | Rejected]]],
    engine: Engine,
    root: Location,
) -> tuple[pa.Table, pa.Table]:
    """Turn a batch of photographs into rows of features and rows of quarantine.

    Returns
    -------
    tuple of pyarrow.Table
        `FEATURES_SCHEMA` and `QUARANTINE_SCHEMA`; each photograph is in exactly one of them.
    """
    rows: list[tuple[Any, ...]] = []
    rejected: list[tuple[Any, ...]] = []
    features: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    waiting: list[Decoded] = []

    def infer() -> None:
        if waiting:
            features.append(engine.features(np.stack([photograph.pixels for photograph in waiting])))
            waiting.clear()

    for photograph, content in read(photographs):
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
    infer()
    return _features_table(rows, features), _table(rejected, QUARANTINE_SCHEMA)


def _committer(images: Location, output: Location, plan: str, backbone: Broadcast[Backbone]) -> ArrowFunction:
    def commit(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = ResultStore(output)
        root = images.open()
        engine = engine_of(backbone.value)
        for record_batch in record_batches:
            for batch in record_batch["batch"].to_pylist():
                started = time.time()
                table = pq.ParquetFile(ObjectReader(store.objects, plan)).read_row_group(batch, LISTING_SCHEMA.names)
                photographs = map(Photograph._make, zip(*(column.to_pylist() for column in table.columns), strict=True))
                features, quarantined = featurize_batch(
                    photographs, lambda wanted: read_ahead(root, wanted), engine, images
                )
                store.commit_batch(backbone.value.identity, features, quarantined)
                yield pa.RecordBatch.from_pydict(
                    {
                        "batch": [batch],
                        "images": [table.num_rows],
                        "features": [features.num_rows],
                        "quarantined": [quarantined.num_rows],
                        "started": [started],
                        "ended": [time.time()],
                        "peak_bytes": [peak_memory()],
                        "worker": [worker_name()],
                    }
                )

    return commit


def peak_memory() -> int:
    """Give the most memory this process ever held, in bytes; the kernel counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def worker_name() -> str:
    """Name this Python worker by host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _features_table(rows: list[tuple[Any, ...]], features: list[np.ndarray[Any, np.dtype[np.float32]]]) -> pa.Table:
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
