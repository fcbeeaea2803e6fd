"""Tables as Parquet objects that show their damage: with a checksum for each page, and named by all of their bytes."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from obstore.exceptions import BaseError


class Damaged(Exception):
    """An object is not what was written: it is cut, changed, or somebody else's.

    Parameters
    ----------
    path
        Path of the object below the output.
    why
        What shows the damage.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def encode(schema: pa.Schema, tables: Iterable[pa.Table]) -> bytes:
    """Return tables of one schema as row groups of one object: Zstandard, dictionaries for the columns that repeat."""
    dictionaries = [name for name in ("label", "split", "reason") if name in schema.names]
    output = io.BytesIO()
    options = {
        "compression": "zstd",
        "use_dictionary": dictionaries,
        "store_schema": False,
        "write_page_checksum": True,
    }
    with pq.ParquetWriter(output, schema, **options) as writer:
        for table in tables:
            writer.write_table(table)
    return output.getvalue()


def decode(path: str, source: Any, columns: Sequence[str] | None = None) -> pa.Table:
    """Read columns of an object.

    Parameters
    ----------
    path
        Path of the object, for the error.
    source
        File or buffer that holds it.
    columns
        Names of the columns; None stands for all.

    Raises
    ------
    Damaged
        If it is no Parquet, lacks a column, or a page has not the checksum it was written with.
    """
    try:
        table = pq.ParquetFile(source, page_checksum_verification=True).read(columns=columns)
    except (BaseError, FileNotFoundError):  # of the store, which say nothing of what it holds
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Damaged(path, str(error).partition("\n")[0] or type(error).__name__) from error
    if columns and set(columns) - set(table.column_names):
        raise Damaged(path, f"it lacks the column {min(set(columns) - set(table.column_names))}")
    return table


def digest(content: bytes) -> str:
    """Return what names an object by its content: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]
