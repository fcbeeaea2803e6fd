import pyarrow as pa
import pytest

from infra.catalog import RESULT_TABLES, ResultTable
from job.storage import tables

HIVE_TYPES = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.list_(pa.float32()): "array<float>",
}
SCHEMAS = {
    "features": tables.FEATURES_SCHEMA,
    "quarantine": tables.QUARANTINE_SCHEMA,
    "projections": tables.PROJECTIONS_SCHEMA,
}


@pytest.mark.parametrize("table", RESULT_TABLES, ids=lambda table: table.folder.name)
def test_a_table_has_the_columns_that_the_job_writes(table: ResultTable) -> None:
    schema = SCHEMAS[table.folder.name]
    written = {field.name: HIVE_TYPES[field.type] for field in schema}
    assert dict(table.columns) == written
    assert list(table.columns) == schema.names


def test_every_kind_of_rows_that_the_job_writes_has_a_table() -> None:
    assert {table.folder.name for table in RESULT_TABLES} == set(SCHEMAS)
