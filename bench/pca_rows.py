"""Rows of PCA alone, ours and Spark's, on the same store of features."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.measure import Measured, run
from bench.row import Row
from bench.settings import ROOT, WORK, Settings
from bench.spark import plain_submit
from job.features.backbone import FEATURES
from job.features.engines import to_grid
from job.storage.layout import FEATURES as FEATURES_FOLDER
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA
from ops.local.spark_submit import Submission, environment

ROWS = 40_000
COMPONENTS = 100
IDENTITY = "bench"

_ROWS_A_FILE = 512
_SEED = 20_171
_RANK = 400
_NOISE = 0.05


def pca_ours(_settings: Settings) -> Row:
    """Sum the moments of the store and solve for the components, under the job's own Spark settings."""
    store = features_store(WORK / f"pca-{ROWS}", ROWS)
    command = [
        str(ROOT / "bench" / "pca_script.py") if part == str(ROOT / "job" / "main.py") else part
        for part in Submission(_arguments("ours", store)).command()
    ]
    measured = run(command, row="pca-ours", environment=environment())
    return _row("pca-ours", f"PCA alone, ours, from Parquet, k={COMPONENTS}", measured)


def pca_spark(_settings: Settings) -> Row:
    """Fit Spark's PCA to the store, straight from Parquet and through a cache, and give the faster."""
    store = features_store(WORK / f"pca-{ROWS}", ROWS)
    tried = {
        way: run(plain_submit("pca_script.py", _arguments(whose, store)), row=f"pca-{whose}", environment=environment())
        for way, whose in (("from Parquet", "spark"), ("cached first", "spark-cached"))
    }
    way, best = min(tried.items(), key=lambda item: float(item[1].answer["seconds"]))
    row = _row("pca-spark", f"PCA alone, pyspark.ml.feature.PCA, {way}, k={COMPONENTS}", best)
    seconds = {name: {key: one.answer[key] for key in ("seconds", "warm_seconds")} for name, one in tried.items()}
    return replace(row, details={**row.details, "ways": seconds})


def features_store(folder: Path, rows: int) -> Path:
    """Return a features store of that many rows, written once; the same rows every time."""
    if folder.exists():
        return folder
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    store = ResultStore(Location.parse(str(unfinished)))
    random = np.random.default_rng(_SEED)
    directions = random.standard_normal((_RANK, FEATURES)) * (np.arange(1, _RANK + 1) ** -0.6)[:, np.newaxis]
    mean = random.exponential(0.3, FEATURES)
    for first in range(0, rows, _ROWS_A_FILE):
        features = _features(random, mean, directions, min(_ROWS_A_FILE, rows - first))
        store.put_batch(FEATURES_FOLDER.partition(IDENTITY), _table(first, features))
    unfinished.rename(folder)
    return folder


def _features(
    random: np.random.Generator, mean: NDArray[np.float64], directions: NDArray[np.float64], count: int
) -> NDArray[np.float32]:
    """Draw features like a backbone's: low rank and noise, cut off at 0 and 6 as ReLU6 does, on the job's grid."""
    latent = random.standard_normal((count, len(directions))) @ directions * 0.2
    noise = random.standard_normal((count, len(mean))) * _NOISE
    return to_grid(np.clip(mean + latent + noise, 0, 6).astype(np.float32))


def _table(first: int, features: NDArray[np.float32]) -> pa.Table:
    count = len(features)
    names = [f"file:///features/{first + row:06}" for row in range(count)]
    offsets = np.arange(0, features.size + 1, features.shape[1], dtype=np.int32)
    values = pa.ListArray.from_arrays(offsets, pa.array(features.reshape(-1)))
    constant = {"label": [""] * count, "bytes": [0] * count, "width": [0] * count, "height": [0] * count}
    columns = {**constant, "uri": names, "etag": names, "feature": values}
    return pa.table([pa.array(columns[field.name], field.type) for field in FEATURES_SCHEMA], schema=FEATURES_SCHEMA)


def _arguments(whose: str, store: Path) -> list[str]:
    return ["--whose", whose, "--store", str(store), "--components", str(COMPONENTS)]


def _row(name: str, text: str, measured: Measured) -> Row:
    answer = dict(measured.answer)
    explained = np.array(answer.pop("explained"))
    text += f"; a second fit takes {answer['warm_seconds']:.1f} s"
    np.save(WORK / f"{name}.npy", explained)
    other = WORK / ("pca-spark.npy" if name == "pca-ours" else "pca-ours.npy")
    if other.exists():
        difference = float(np.abs(np.load(other)[:COMPONENTS] - explained[:COMPONENTS]).max())
        answer["explained_difference"] = difference
        text += f"; explained variance differs by {difference:.0e}"
    return Row(
        name,
        text,
        images=answer["rows"],
        seconds=answer["seconds"],
        pca_seconds=answer["seconds"],
        driver_peak_bytes=measured.peak("python", "pca_script.py"),
        jvm_peak_bytes=measured.peak("java"),
        worker_peak_bytes=measured.peak("python", "pyspark.daemon"),
        details=answer,
    )
