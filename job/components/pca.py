"""Principal components: one eigenproblem on exact moments, and what is saved of its solution."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.ml import PipelineModel
from pyspark.ml.common import _py2java
from pyspark.ml.feature import PCAModel, StandardScalerModel
from pyspark.ml.linalg import DenseMatrix, DenseVector
from pyspark.sql import SparkSession

from job.components.moments import Moments
from job.errors import JobError


@dataclass(frozen=True)
class PrincipalComponents:
    """A fitted principal component analysis.

    Parameters
    ----------
    mean
        (d,) mean of the features.
    components
        (k, d) unit rows, by descending variance; of each, the entry largest in size is positive.
    explained
        (d,) share of the total variance of every component, also of those not kept; as Spark's `explainedVariance`.
    count
        Number of photographs it was fitted on.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: NDArray[np.float64]
    count: int

    def project(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the (n, k) scores of (n, d) features, centred.

        Rows are multiplied in blocks of one size, so that the last bit of a row does not depend on its neighbours.
        """
        scores = np.empty((len(features), len(self.components)), np.float32)
        block = np.zeros((256, len(self.mean)))
        for start in range(0, len(features), len(block)):
            rows = features[start : start + len(block)]
            np.subtract(rows, self.mean, out=block[: len(rows)])
            scores[start : start + len(rows)] = (block @ self.components.T)[: len(rows)]
        return scores

    def to_npz(self) -> bytes:
        """Write the plain arrays `mean`, `components`, `explained` and `count`, for readers without Spark."""
        output = io.BytesIO()
        np.savez(output, mean=self.mean, components=self.components, explained=self.explained, count=self.count)
        return output.getvalue()

    def to_pipeline_model(self, spark: SparkSession) -> PipelineModel:
        """Make a `pyspark.ml` pipeline: vector column `feature` to vector column `projection`.

        Spark's own PCA model does not centre its input, so a `StandardScalerModel` does that first.
        """
        jvm: Any = spark._jvm
        ml = jvm.org.apache.spark.ml.feature
        context = spark.sparkContext
        kept = len(self.components)
        matrix = DenseMatrix(len(self.mean), kept, self.components.reshape(-1))
        mean, explained = DenseVector(self.mean), DenseVector(self.explained[:kept])
        unit = DenseVector(np.ones_like(self.mean))
        scaler = ml.StandardScalerModel("fruits_centre", _py2java(context, unit), _py2java(context, mean))
        scaler.set(scaler.withMean(), True)
        scaler.set(scaler.withStd(), False)
        pca = ml.PCAModel("fruits_pca", _py2java(context, matrix), _py2java(context, explained))
        pca.set(pca.k(), kept)
        scaler.setInputCol("feature").setOutputCol("centred")
        pca.setInputCol("centred").setOutputCol("projection")
        stages: list[Any] = [StandardScalerModel(scaler), PCAModel(pca)]
        for stage, java in zip(stages, (scaler, pca), strict=True):
            stage._resetUid(java.uid())
            stage._transfer_params_from_java()
        model = PipelineModel(stages)
        model._resetUid("fruits_pipeline")
        return model


def fit(moments: Moments, *, variance: float | None = None, components: int | None = None) -> PrincipalComponents:
    """Fit principal components.

    Parameters
    ----------
    moments
        Of all photographs.
    variance
        Keep the fewest components that hold this share of the variance, in (0, 1].
    components
        Or keep this many.

    Raises
    ------
    JobError
        With fewer than two photographs, with features that do not vary, or with more components than photographs or
        features can give.
    """
    if moments.count < 2:
        raise JobError(
            f"principal components need at least 2 usable photographs, found {moments.count}; add photographs"
        )
    covariance = moments.covariance()
    if not covariance.trace():
        raise JobError(
            f"all {moments.count} photographs have the same features, so nothing varies; add different photographs"
        )
    eigenvalues, eigenvectors = np.linalg.eigh(covariance)
    eigenvalues = np.maximum(eigenvalues[::-1], 0.0)
    explained = eigenvalues / eigenvalues.sum()
    largest = min(len(explained), moments.count - 1)
    if components is None:
        reached = np.searchsorted(np.cumsum(explained), variance or 1.0)
        components = min(int(reached) + 1, largest)
    elif not 1 <= components <= largest:
        raise JobError(
            f"--components {components} is out of range: {moments.count} photographs of {len(explained)} features"
            f" give 1 to {largest}"
        )
    kept = eigenvectors[:, ::-1][:, :components].T
    signs = np.sign(kept[np.arange(components), np.abs(kept).argmax(axis=1)])
    return PrincipalComponents(
        moments.mean(), np.ascontiguousarray(kept * signs[:, np.newaxis]), explained, moments.count
    )
