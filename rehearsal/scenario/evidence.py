"""What a run has left on S3, read as anybody could who has `docs/results.md` and no code of the job."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rehearsal.scenario.folders import Folder, Version

Columns = Mapping[str, tuple[tuple[str, str], ...]]
"""Columns of the tables: name and type of Hive, by the table's name."""

RECORDS: Final = "runs/"
"""Has a record of each time that the job was run."""


@dataclass(frozen=True)
class Evidence:
    """The photographs and the results as they are on S3 after a run.

    Parameters
    ----------
    images
        URI of the photographs, with a slash at its end.
    photographs
        Etags by path below `images`; hidden objects left out.
    sizes
        Bytes by the same paths.
    objects
        Current versions of all results, by path.
    printed
        The manifest that the step printed, if it did.
    manifest, report
        Of the run that the step named, if they are there.
    tables
        Parquet objects by path.
    arrays
        The saved components, if they are there.
    records
        What the job wrote down about each time it was run, by path.
    columns
        Of the tables that Athena reads, as the catalog declares them.
    """

    images: str
    photographs: Mapping[str, str]
    sizes: Mapping[str, int]
    objects: Mapping[str, Version]
    printed: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None
    report: bytes | None
    tables: Mapping[str, pa.Table]
    arrays: Mapping[str, NDArray[np.float64]]
    records: Mapping[str, Mapping[str, Any]]
    columns: Columns

    @property
    def run(self) -> str:
        """Name of the run, as the step printed it."""
        return str((self.printed or {}).get("run", ""))

    def below(self, folder: str) -> dict[str, pa.Table]:
        """Return the tables below a folder of the results."""
        return {path: table for path, table in self.tables.items() if path.startswith(f"{folder}/")}

    def uri(self, name: str) -> str:
        """Return the URI by which results name a photograph."""
        return f"{self.images}{name}"

    def current(self, kind: str) -> list[pa.Table]:
        """Return the features, or the quarantine, of the model that the manifest names."""
        identity = (self.manifest or {})["model"]["identity"]
        return list(self.below(f"{kind}/model={identity}").values())

    def features(self) -> dict[str, NDArray[np.float64]]:
        """Return the features of each photograph by its URI."""
        tables = self.current("features")
        uris = [uri for table in tables for uri in table["uri"].to_pylist()]
        return dict(zip(uris, matrix(tables, "feature"), strict=True))


def matrix(tables: Sequence[pa.Table], column: str) -> NDArray[np.float64]:
    """Return a column of lists of one length as (n, length) array."""
    if not tables:
        return np.empty((0, 0))
    values = pa.concat_tables(tables)[column]
    width = pc.list_value_length(values)[0].as_py()
    found: NDArray[np.float64] = pc.list_flatten(values).to_numpy().astype(np.float64).reshape(len(values), width)
    return found


def gather(images: Folder, output: Folder, *, printed: Mapping[str, Any] | None, columns: Columns) -> Evidence:
    """Read the evidence of a run from S3."""
    objects = output.versions()
    run = str((printed or {}).get("run", ""))
    photographs = {path: etag for path, etag in images.etags().items() if not hidden(path)}
    manifest = output.find(f"reports/{run}/manifest.json") if run else None
    arrays = output.find(f"pca/{run}/arrays.npz") if run else None
    return Evidence(
        images=images.uri,
        photographs=photographs,
        sizes={path: size for path, size in images.sizes().items() if path in photographs},
        objects=objects,
        printed=printed,
        manifest=json.loads(manifest) if manifest else None,
        report=output.find(f"reports/{run}/report.html") if run else None,
        tables=output.read_tables([path for path in objects if path.endswith(".parquet")]),
        arrays=dict(np.load(io.BytesIO(arrays))) if arrays else {},
        records={path: json.loads(output.get(path)) for path in objects if path.startswith(RECORDS)},
        columns=columns,
    )


def table_columns(glue: Any, database: str) -> Columns:
    """Read the columns that the catalog declares."""
    tables = glue.get_tables(DatabaseName=database)["TableList"]
    return {
        table["Name"]: tuple((column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"])
        for table in tables
    }


def hidden(path: str) -> bool:
    """Return whether the job leaves an object alone: it is hidden, a folder's marker, or the marker of a sample."""
    return path.endswith(("/", "_sample.json")) or any(part.startswith(".") for part in path.split("/"))
