"""DataFrames of what the driver knows."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession


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
