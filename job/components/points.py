"""Photographs as points of the report's map: a share of them, by their first components."""

import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

POINTS_SCHEMA: Final = pa.schema(
    [("uri", pa.string()), ("label", pa.string()), ("split", pa.string()), ("place", pa.list_(pa.float32()))]
)
"""One row a photograph; `place` has the first components, `PLACE_COMPONENTS` of them or as many as there are."""

PLACE_COMPONENTS: Final = 3


def points_of(projections: pa.Table, scores: NDArray[np.float32], share: float) -> pa.Table:
    """Return the places of a share of the photographs, chosen by a checksum of the URI: the same in each run.

    Parameters
    ----------
    projections
        `job.storage.store.PROJECTIONS_SCHEMA`, n rows.
    scores
        (n, k): the same projections as an array.
    share
        0 to 1.

    Returns
    -------
    pyarrow.Table
        `POINTS_SCHEMA`.
    """
    wanted = np.array(
        [zlib.crc32(uri.encode()) < share * 2**32 for uri in projections["uri"].to_pylist()], dtype=np.bool_
    )
    places = np.ascontiguousarray(scores[wanted, :PLACE_COMPONENTS])
    offsets = pa.array(np.arange(0, places.size + 1, places.shape[1], dtype=np.int32))
    chosen = projections.select(["uri", "label", "split"]).filter(pa.array(wanted))
    return chosen.append_column("place", pa.ListArray.from_arrays(offsets, pa.array(places.reshape(-1)))).cast(
        POINTS_SCHEMA
    )


def packed(tables: Iterable[pa.Table]) -> bytes:
    """Return points as an Arrow stream."""
    output = pa.BufferOutputStream()
    with pa.ipc.new_stream(output, POINTS_SCHEMA) as writer:
        for table in tables:
            writer.write_table(table)
    return bytes(output.getvalue().to_pybytes())


def unpacked(streams: Iterable[bytes]) -> pa.Table:
    """Read the points of all tasks, each as `packed` gave them."""
    return pa.concat_tables(pa.ipc.open_stream(stream).read_all() for stream in streams)
