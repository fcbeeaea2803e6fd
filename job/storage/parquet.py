"""Tables as Parquet objects that show their damage: with a checksum for each page, and named by all of their bytes."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from obstore.exceptions import BaseError

FOLDER: Final = b"fruits.folder"
"""Of the metadata of a batch: the folder it was written to, which its columns do not tell. Older ones have none."""


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
    """Return tables of one schema, with its metadata, as row groups of one object.

    Zstandard, and dictionaries for the columns that repeat.
    """
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
        if schema.metadata:  # which goes with `store_schema` otherwise
            writer.add_key_value_metadata(schema.metadata)
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
        If it is no Parquet, lacks a column, a page has not the checksum it was written with, or it lies in another
        folder than it was written to, such as among the features of another model.
    """
    try:
        table = pq.ParquetFile(source, page_checksum_verification=True).read(columns=columns)
    except (BaseError, FileNotFoundError):  # of the store, which say nothing of what it holds
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Damaged(path, str(error).partition("\n")[0] or type(error).__name__) from error
    if columns and set(columns) - set(table.column_names):
        raise Damaged(path, f"it lacks the column {min(set(columns) - set(table.column_names))}")
    folder = (table.schema.metadata or {}).get(FOLDER, b"").decode()
    if folder and folder != path.rpartition("/")[0]:
        raise Damaged(path, f"it was written to {folder}")
    return table.replace_schema_metadata()


def digest(content: bytes) -> str:
    """Return what names an object by its content: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]
