"""The probe scored on the test split of written projections, in the tasks."""

import functools
import pickle
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import DataFrame

from job.components.probe import LinearProbe, ProbeScore, score_probe
from job.components.projections import projection_matrix
from job.frames import ArrowFunction
from job.storage.locations import Location
from job.storage.selections import DAMAGED, DAMAGED_FIELD, collected, noting
from job.storage.store import ResultStore
from job.storage.tables import PROJECTIONS_SCHEMA

SCORES: Final = f"score binary, {DAMAGED}"

_SCORES_SCHEMA: Final = pa.schema([("score", pa.binary()), DAMAGED_FIELD])


def score(parts: DataFrame, *, output: Location, probe: Broadcast[LinearProbe]) -> DataFrame:
    """Score a probe on the test split of written projections.

    Parameters
    ----------
    parts
        Column `paths`: projections below the output; one row a task.
    output
        Where they are.
    probe
        Fitted on the train split.

    Returns
    -------
    DataFrame
        `SCORES`: pickled `ProbeScore`, one row a task.
    """
    return parts.select("paths").mapInArrow(_scorer(output, probe), SCORES)


def collect_scores(scores: DataFrame) -> ProbeScore:
    """Add up `SCORES` on the driver.

    Raises
    ------
    DamagedObjects
        If projections are gone that have just been written.
    """
    total: ProbeScore = functools.reduce(
        ProbeScore.merge, (pickle.loads(row.score) for row in collected(scores.collect()))
    )
    return total


def _scorer(output: Location, probe: Broadcast[LinearProbe]) -> ArrowFunction:
    def score_parts(record_batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = ResultStore(output)
        total: ProbeScore | None = None
        damaged: list[dict[str, str]] = []
        for record_batch in record_batches:
            for path in (path for paths in record_batch["paths"].to_pylist() for path in paths):
                test = PROJECTIONS_SCHEMA.empty_table()
                with noting(damaged, path):
                    table = store.read_table(path, ["label", "split", "projection"])
                    test = table.filter(pc.equal(table["split"], "test"))
                if test.num_rows:
                    part = score_probe(probe.value, projection_matrix(test), test["label"].to_pylist())
                    total = part if total is None else total.merge(part)
        if total is not None or damaged:
            row = {"score": pickle.dumps(total), "damaged": damaged}
            yield pa.RecordBatch.from_pylist([row], schema=_SCORES_SCHEMA)

    return score_parts
