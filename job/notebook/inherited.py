"""How the inherited notebook reads photographs, for the cells that measure what is wrong with it."""

import re

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from job.storage.locations import Location
from job.storage.tables import with_uris


def binary_files(spark: SparkSession, root: Location, photographs: pa.Table) -> DataFrame:
    """Read photographs by Spark's source `binaryFile`, in a session without the job's settings.

    Parameters
    ----------
    spark
        The job's session, which stays as it is.
    root
        Of the photographs.
    photographs
        Rows of a listing; few, as the driver asks for each.

    Returns
    -------
    DataFrame
        With the column `content`; lazy.
    """
    plain = spark.newSession()
    plain.conf.set("spark.sql.leafNodeDefaultParallelism", spark.sparkContext.defaultParallelism)
    paths = [re.sub(r"([\\*?\[\]{}])", r"\\\1", uri) for uri in with_uris(root, photographs)["uri"].to_pylist()]
    return plain.read.format("binaryFile").load(paths)
