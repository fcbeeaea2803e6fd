"""The notebook's pattern, complete: `spark-submit notebook_script.py --images … --output … --components N`.

Features: `binaryFile`, 24 partitions, and a pandas UDF over an iterator of series that builds the network anew in each
task, sets the broadcast weights and calls `predict` on a whole Arrow batch. Then Spark's own PCA on what was written.
"""

import argparse
import io
import json
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from pyspark.ml.feature import PCA
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import PandasUDFType, pandas_udf

PARTITIONS = 24


def main() -> None:
    """Run both parts and print the seconds of each as JSON."""
    parser = argparse.ArgumentParser()
    for name in ("--images", "--output"):
        parser.add_argument(name, required=True)
    parser.add_argument("--components", type=int, required=True)
    arguments = parser.parse_args()
    spark = SparkSession.builder.appName("notebook").getOrCreate()

    started = time.monotonic()
    features_path = f"{arguments.output}/features"
    featurize(spark, arguments.images).write.parquet(features_path)
    featurized = time.monotonic()

    features = spark.read.parquet(features_path).withColumn("vector", array_to_vector(F.col("features")))
    model = PCA(k=arguments.components, inputCol="vector", outputCol="projection").fit(features)
    fitted = time.monotonic()
    model.transform(features).select("path", "label", "projection").write.parquet(f"{arguments.output}/projections")
    transformed = time.monotonic()

    answer = {
        "images": spark.read.parquet(features_path).count(),
        "featurize_seconds": round(featurized - started, 3),
        "pca_seconds": round(fitted - featurized, 3),
        "transform_seconds": round(transformed - fitted, 3),
        "explained": float(model.explainedVariance.toArray().sum()),
        "weights": "torchvision",
    }
    print(json.dumps(answer))


def featurize(spark: SparkSession, images: str) -> DataFrame:
    """Return path, label and features of each JPEG below a folder; lazy."""
    from job.features.weights import load_backbone

    # Of the shapes of Keras's own weights, but read from a package: the notebook's download needs a network.
    weights = spark.sparkContext.broadcast(load_backbone("keras", "torchvision").payload)

    def build() -> Any:
        from keras.applications import MobileNetV2

        network = MobileNetV2(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
        network.set_weights(weights.value)
        return network

    def pixels(content: bytes) -> np.ndarray[Any, Any]:
        from keras.applications.mobilenet_v2 import preprocess_input
        from keras.utils import img_to_array

        scaled: np.ndarray[Any, Any] = preprocess_input(
            img_to_array(Image.open(io.BytesIO(content)).resize((224, 224)))
        )
        return scaled

    @pandas_udf("array<float>", PandasUDFType.SCALAR_ITER)
    def features(contents: Iterable[pd.Series]) -> Iterable[pd.Series]:
        network = build()
        for content in contents:
            yield pd.Series(list(network.predict(np.stack([pixels(one) for one in content]))))

    files = (
        spark.read.format("binaryFile")
        .option("pathGlobFilter", "*.jpg")
        .option("recursiveFileLookup", "true")
        .load(images)
    )
    labelled = files.withColumn("label", F.element_at(F.split("path", "/"), -2))
    return labelled.repartition(PARTITIONS).select("path", "label", features("content").alias("features"))


if __name__ == "__main__":
    main()
