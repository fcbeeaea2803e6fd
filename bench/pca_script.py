"""PCA of a features store: `spark-submit pca_script.py --whose ours|spark|spark-cached --store … --components N`.

The clock starts when the session is there and stops when the components are on the driver; each starts from Parquet in
a new JVM. A second fit, in code that is warm by then, is timed on the side.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from pyspark.ml.feature import PCA
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

FOLDER = "features/model=bench"


def main() -> None:
    """Fit and print the seconds and the explained variance as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--whose", choices=("ours", "spark", "spark-cached"), required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--components", type=int, required=True)
    arguments = parser.parse_args()
    answer = ours(arguments) if arguments.whose == "ours" else sparks(arguments)
    print(json.dumps(answer))


def ours(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit as `job.pipeline` does."""
    import pyarrow.parquet as pq

    from job.components.moments import Moments, collect_moments, moments_of
    from job.components.pca import fit
    from job.session import open_session
    from job.storage.locations import Location
    from job.storage.plan import group_count
    from job.storage.selections import SELECTIONS, Selection, balance

    spark = open_session()
    files = sorted(Path(arguments.store, FOLDER).glob("*.parquet"))
    selections = [Selection(f"{FOLDER}/{file.name}", None, pq.read_metadata(file).num_rows) for file in files]

    def summed() -> Moments:
        groups = balance(selections, group_count(sum(selection.count for selection in selections)))
        rows = [([(selection.path, selection.rows, selection.count) for selection in group],) for group in groups]
        frame = spark.createDataFrame(rows, SELECTIONS)
        return collect_moments(moments_of(frame, output=Location.parse(arguments.store), tasks=len(rows)))

    started = time.monotonic()
    moments = summed()
    solving = time.monotonic()
    model = fit(moments, components=arguments.components)
    ended = time.monotonic()
    fit(summed(), components=arguments.components)
    return {
        "rows": model.count,
        "seconds": ended - started,
        "moments_seconds": solving - started,
        "solve_seconds": ended - solving,
        "warm_seconds": time.monotonic() - ended,
        "explained": model.explained.tolist(),
    }


def sparks(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit Spark's; into a cache first, if asked, whose filling counts."""
    spark = SparkSession.builder.appName("pca").getOrCreate()

    started = time.monotonic()
    vectors = spark.read.parquet(f"{arguments.store}/{FOLDER}").select(
        array_to_vector(F.col("feature")).alias("vector")
    )
    if arguments.whose == "spark-cached":
        vectors.cache().count()
    filled = time.monotonic()
    model = _fit(vectors, arguments.components)
    ended = time.monotonic()
    _fit(vectors, arguments.components)
    return {
        "rows": vectors.count(),
        "seconds": ended - started,
        "cache_filling_seconds": filled - started,
        "warm_seconds": time.monotonic() - ended,
        "explained": model.explainedVariance.toArray().tolist(),
    }


def _fit(vectors: DataFrame, components: int) -> Any:
    return PCA(k=components, inputCol="vector", outputCol="projection").fit(vectors)


if __name__ == "__main__":
    main()
