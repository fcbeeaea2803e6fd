"""Project features on the principal components, and let a linear probe judge the result."""

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray
from pyspark import Broadcast
from pyspark.sql import DataFrame

from job.components.pca import PrincipalComponents
from job.components.points import packed, points_of
from job.components.probe import ProbeStatistics
from job.components.splits import SplitRule
from job.frames import ArrowFunction
from job.storage.layout import EXPORTS, PROJECTIONS
from job.storage.locations import Location
from job.storage.names import stem
from job.storage.selections import DAMAGED, DAMAGED_FIELD, Selection, noting
from job.storage.store import ResultStore
from job.storage.tables import PROJECTIONS_SCHEMA, feature_matrix, without_formulas

PARTS: Final = (
    "paths array<string>, train long, test long, validation long, by_hash long,"
    f" probe binary, gallery binary, points binary, {DAMAGED}"
)
"""One row a task: what it wrote, photographs per split, those without a split folder, probe sums, gallery rows, and
packed points."""

_PARTS_SCHEMA: Final = pa.schema(
    [
        ("paths", pa.list_(pa.string())),
        *((name, pa.int64()) for name in ("train", "test", "validation", "by_hash")),
        ("probe", pa.binary()),
        ("gallery", pa.binary()),
        ("points", pa.binary()),
        DAMAGED_FIELD,
    ]
)


@dataclass(frozen=True)
class Projector:
    """What a task needs to project: broadcast by the driver.

    Parameters
    ----------
    components
        The fitted model.
    run
        Names the folder of the projections.
    root
        Of the photographs; splits are told by the path below it.
    splits
        The rule.
    gallery
        URIs whose projections the report shows.
    points
        Share of the photographs that are points of the report's map, 0 to 1.
    csv
        Export the projections as CSV, too.
    """

    components: PrincipalComponents
    run: str
    root: Location
    splits: SplitRule
    gallery: frozenset[str]
    points: float
    csv: bool


def project(selections: DataFrame, *, output: Location, projector: Broadcast[Projector]) -> DataFrame:
    """Write the projections of the selected features, one Parquet object for each file of features.

    Parameters
    ----------
    selections
        `job.storage.selections.SELECTIONS`.
    output
        Where the features are and the projections go.
    projector
        Broadcast by the driver.

    Returns
    -------
    DataFrame
        `PARTS`; lazy: collecting it is what writes.
    """
    return selections.select("selections").mapInArrow(_writer(output, projector), PARTS)


def collect_probe(parts: list[Any]) -> ProbeStatistics:
    """Add up the probe sums of collected `PARTS` on the driver."""
    total: ProbeStatistics = pickle.loads(parts[0].probe)
    for part in parts[1:]:
        total.merge(pickle.loads(part.probe))
    return total


def projection_matrix(table: pa.Table) -> NDArray[np.float32]:
    """Return the column `projection` as (n, k) array."""
    values: NDArray[np.float32] = table["projection"].combine_chunks().flatten().to_numpy()
    return values.reshape(table.num_rows, -1)


def _writer(output: Location, projector: Broadcast[Projector]) -> ArrowFunction:
    def write(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = ResultStore(output)
        part = _Part(store, projector.value)
        for selection in Selection.from_batches(record_batches):
            with noting(part.damaged, selection.path):
                part.write(selection.path, selection.read(store, ["uri", "label", "feature"]))
        if part.paths or part.damaged:
            yield pa.RecordBatch.from_pylist([part.row()], schema=_PARTS_SCHEMA)

    return write


class _Part:
    """What one task projects; a row of `PARTS` in the end."""

    def __init__(self, store: ResultStore, projector: Projector) -> None:
        self.paths: list[str] = []
        self.damaged: list[dict[str, str]] = []
        self._store, self._projector = store, projector
        self._train = self._test = self._validation = self._by_hash = 0
        self._probe = ProbeStatistics(len(projector.components.components))
        self._gallery: list[dict[str, Any]] = []
        self._points: list[pa.Table] = []

    def write(self, source: str, table: pa.Table) -> None:
        """Project the photographs of one object of features."""
        scores = self._projector.components.project(feature_matrix(table))
        splits = self._splits(table)
        labels = pc.utf8_normalize(table["label"], form="NFC")  # features of former releases have them as folders do
        offsets = pa.array(np.arange(0, scores.size + 1, scores.shape[1], dtype=np.int32))
        vectors = pa.ListArray.from_arrays(offsets, pa.array(scores.reshape(-1)))
        projections = pa.Table.from_arrays([table["uri"], labels, splits, vectors], schema=PROJECTIONS_SCHEMA)
        name, run = stem(source), self._projector.run
        self.paths.append(f"{PROJECTIONS.partition(run)}/{name}.parquet")
        self._store.put_table(self.paths[-1], projections)
        if self._projector.csv:
            self._store.put(f"{EXPORTS.partition(run)}/{name}.csv", _csv(projections, scores))
        train = pc.equal(splits, "train")
        self._probe.add(scores[train.to_numpy(zero_copy_only=False)], labels.filter(train).to_pylist())
        wanted = pa.array(sorted(self._projector.gallery), pa.string())
        self._gallery += projections.filter(pc.is_in(projections["uri"], wanted)).to_pylist()
        self._points.append(points_of(projections, scores, self._projector.points))

    def row(self) -> dict[str, Any]:
        """Return all that was written as one row."""
        return {
            "paths": self.paths,
            "train": self._train,
            "test": self._test,
            "validation": self._validation,
            "by_hash": self._by_hash,
            "probe": pickle.dumps(self._probe),
            "gallery": pickle.dumps(self._gallery),
            "points": packed(self._points),
            "damaged": self.damaged,
        }

    def _splits(self, table: pa.Table) -> pa.Array:
        """Return the split of each photograph, and count them."""
        prefix = f"{self._projector.root.uri}/"
        rule = self._projector.splits
        splits = [rule.split_of(uri.removeprefix(prefix)) for uri in table["uri"].to_pylist()]
        counts = Counter(split for split, _ in splits)
        self._train += counts["train"]
        self._test += counts["test"]
        self._validation += counts["validation"]
        self._by_hash += sum(not by_folder for _, by_folder in splits)
        return pa.array([split for split, _ in splits], pa.string())


def _csv(projections: pa.Table, scores: NDArray[np.float32]) -> bytes:
    """One column a component: `pc1`, `pc2`, …, as spreadsheets want them; no cell is one of their formulas."""
    flat = without_formulas(projections.drop_columns(["projection"]))
    for number, column in enumerate(scores.T, start=1):
        flat = flat.append_column(f"pc{number}", pa.array(column))
    output = pa.BufferOutputStream()
    pyarrow.csv.write_csv(flat, output)
    return bytes(output.getvalue().to_pybytes())
