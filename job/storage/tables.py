"""The tables of the results, and what is computed of their columns."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from job.storage.locations import Location

FEATURES_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("bytes", pa.int64()),
        ("etag", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("feature", pa.list_(pa.float32())),
    ]
)
QUARANTINE_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("bytes", pa.int64()),
        ("etag", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
PROJECTIONS_SCHEMA: Final = pa.schema(
    [
        ("uri", pa.string()),
        ("label", pa.string()),
        ("split", pa.string()),
        ("projection", pa.list_(pa.float32())),
    ]
)

_FORMULA_STARTS: Final = pa.array(["=", "+", "-", "@", "\t", "\r", "\n"])
"""How a cell begins that a spreadsheet computes (OWASP, "CSV Injection")."""


def feature_matrix(table: pa.Table) -> NDArray[np.float32]:
    """Return the column `feature` as (n, d) array, without a copy where the table is in one piece."""
    values: NDArray[np.float32] = table["feature"].combine_chunks().flatten().to_numpy()
    return values.reshape(table.num_rows, -1)


def with_uris(root: Location, listed: pa.Table | pa.RecordBatch) -> pa.Table | pa.RecordBatch:
    """Put a column `uri` before those of a listing; for some rows at a time, since addresses are long."""
    return listed.add_column(0, "uri", pc.binary_join_element_wise(root.uri, listed["path"], "/"))


def keys(table: pa.Table | pa.RecordBatch) -> pa.ChunkedArray | pa.Array:
    """Name each photograph and its version in one string."""
    return pc.binary_join_element_wise(table["uri"], table["etag"], "\n")


def without_formulas(table: pa.Table) -> pa.Table:
    """Put an apostrophe before each text that a spreadsheet would compute; all exports for spreadsheets pass here."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            cells = table.column(number)
            quoted = pc.binary_join_element_wise("'", cells, "")
            starts = pc.utf8_slice_codeunits(cells, 0, 1)
            table = table.set_column(number, field, pc.if_else(pc.is_in(starts, _FORMULA_STARTS), quoted, cells))
    return table
