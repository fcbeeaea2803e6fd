"""What goes into Spark's DataFrames, and what works on their rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

ArrowFunction = Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]
"""What `DataFrame.mapInArrow` takes: called once a task, with the batches of its partition."""


def local_frame(spark: SparkSession, values: Sequence[Any], column: str) -> DataFrame:
    """Make a DataFrame of one column, sent to the JVM as Arrow.

    Rows of Python objects would be unpickled by workers of another kind than those that run `mapInArrow`, started for
    that alone.

    Parameters
    ----------
    spark
        The session.
    values
        One a row.
    column
        Name and type of the column.
    """
    return spark.createDataFrame(pd.DataFrame({column.partition(" ")[0]: values}), column)
