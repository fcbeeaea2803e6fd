"""What a test has of a run: how it ended, and what it left."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from job.storage.layout import RECORDS
from ops.local.spark_submit import Submission, environment, local_settings

TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code, its manifest if it succeeded, and what it said on standard error."""

    code: int
    manifest: dict[str, Any]
    error: str

    @classmethod
    def of(cls, code: int, output: str, error: str) -> "Outcome":
        """Find the manifest, the only line of the output that is JSON."""
        manifest = {} if code else json.loads(next(line for line in output.splitlines() if line.startswith("{")))
        return cls(code, manifest, error)

    @property
    def counts(self) -> dict[str, Any]:
        assert self.code == 0, self.error[-4000:]
        counts: dict[str, Any] = self.manifest["counts"]
        return counts


@dataclass(frozen=True)
class Results:
    """The folder a run wrote to."""

    folder: Path

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file with its content, without Hadoop's checksums and the records, which no two runs have alike."""
        found = (path for path in (self.folder / below).rglob("*") if path.is_file() and path.suffix != ".crc")
        paths = (path for path in found if path.parent != self.folder / RECORDS)
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in sorted(paths)}

    def table(self, kind: str) -> pa.Table:
        """All rows of a kind of result, by URI."""
        files = sorted((self.folder / kind).rglob("*.parquet"))
        return pa.concat_tables(pq.ParquetFile(file).read() for file in files).sort_by("uri")

    def uris(self, kind: str) -> list[str]:
        uris: list[str] = self.table(kind)["uri"].to_pylist()
        return uris

    def rows(self, kind: str) -> int:
        return sum(pq.read_metadata(file).num_rows for file in (self.folder / kind).rglob("*.parquet"))

    def arrays(self, outcome: Outcome) -> dict[str, np.ndarray[Any, Any]]:
        with np.load(self.folder / "pca" / outcome.manifest["pca"]["identity"] / "arrays.npz") as arrays:
            return dict(arrays)


Run = Callable[..., Outcome]
"""Takes images, output and more arguments of the job."""


def open_shared_session() -> SparkSession:
    """Open a session in this process, which the job's own `main` then finds."""
    builder = SparkSession.builder.master("local[2]").appName("fruits-tests")
    settings = {
        **local_settings("1g"),
        "spark.log.level": "ERROR",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "4",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def submission(images: object, output: object, *arguments: str, master: str = "local[2]") -> list[str]:
    """Return the command line of spark-submit as `fruits featurize` has it."""
    return Submission(("--images", str(images), "--output", str(output), *arguments), master=master).command()


def submit(
    images: object,
    output: object,
    *arguments: str,
    master: str = "local[2]",
    python_path: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Run the job by spark-submit."""
    process = subprocess.run(
        submission(images, output, *arguments, master=master),
        env={**environment(), "PYTHONPATH": python_path, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # spark-submit itself lays the driver's standard error on its standard output
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Outcome.of(process.returncode, process.stdout, process.stdout)
