"""The manifest: what a run read, with what, how much of it, and how long it took."""

import hashlib
import itertools
import json
import logging
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyspark

from job import __version__
from job.components.pca import PrincipalComponents
from job.components.request import Request
from job.features.backbone import Backbone, describe
from job.features.featurize import peak_memory
from job.storage.index import Index
from job.storage.listing import Listing, is_rendered

log = logging.getLogger("fruits")

_PACKAGES: Final = {
    "numpy": "numpy",
    "pyarrow": "pyarrow",
    "pillow": "pillow",
    "litert": "ai-edge-litert",
}


@dataclass
class Stopwatch:
    """Seconds of each stage of a run, in the order in which they ended."""

    began: float = field(default_factory=time.time)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        started = time.time()
        yield
        seconds = time.time() - started
        self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 3)
        log.info("%s took %.1f s", name, seconds)

    def total(self) -> dict[str, float]:
        """Return the seconds of all stages so far, and of the run."""
        return {**self.seconds, "total": round(time.time() - self.began, 3)}

    def batches(self, commits: list[Any]) -> pa.Table:
        """Return collected `COMMITS` as start and end, in seconds since the run began, and photographs."""
        rows = [
            {
                "start_seconds": row.started - self.began,
                "end_seconds": row.ended - self.began,
                "images": row.images,
            }
            for row in sorted(commits, key=lambda row: row.ended)
        ]
        fields = [("start_seconds", pa.float64()), ("end_seconds", pa.float64()), ("images", pa.int64())]
        return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def run_name(request: Request, identity: str, photographs: pa.Table) -> str:
    """Name a run by what decides its results: photographs and their versions, backbone, arguments, program."""
    digest = hashlib.sha256()
    for batch in photographs.select(["path", "etag"]).to_batches(max_chunksize=10_000):
        for column in batch.columns:
            digest.update("\0".join([*column.to_pylist(), ""]).encode())
    asked = [
        __version__,
        identity,
        request.images.uri,
        request.variance,
        request.components,
        *vars(request.splits).values(),
        request.csv,
        *([request.trial.facts()] if request.trial else ()),
    ]
    digest.update(json.dumps(asked).encode())
    return digest.hexdigest()[:16]


def manifest_of(
    *,
    run: str,
    label: str,
    request: Request,
    backbone: Backbone,
    listing: Listing,
    notes: Sequence[str],
    index: Index,
    commits: list[Any],
    parts: list[Any],
    model: PrincipalComponents,
) -> dict[str, Any]:
    """Return the manifest as JSON-able facts; the caller adds the seconds.

    Parameters
    ----------
    run
        Name of the run.
    label
        What the user calls it.
    request
        What the run is asked for.
    notes
        Sentences on what is odd about the folders.
    commits
        Collected `job.features.featurize.COMMITS`: the batches computed by this run.
    parts
        Collected `job.components.projections.PARTS`.
    """
    photographs = listing.photographs
    computed = sum(row.images for row in commits)
    by_hash = sum(part.by_hash for part in parts)
    return {
        "run": run,
        "label": label,
        "version": __version__,
        "trial": request.trial.facts() if request.trial else None,
        "images": {
            "root": request.images.uri,
            "count": photographs.num_rows,
            "bytes": pc.sum(photographs["bytes"]).as_py(),
            "labels": pc.count_distinct(photographs["label"]).as_py(),
            "rendered": is_rendered(request.images),
            "ignored": listing.left_out.total,
            "left_out": listing.left_out.rows(),
            "notes": list(notes),
        },
        "model": describe(backbone),
        "counts": {
            "images": photographs.num_rows,
            "features": int(index.featurized.sum()),
            "quarantined": int(index.quarantined.sum()),
            "computed": computed,
            "reused": photographs.num_rows - computed,
            "reasons": index.reasons,
        },
        "splits": {
            "train": sum(part.train for part in parts),
            "test": sum(part.test for part in parts),
            "validation": sum(part.validation for part in parts),
            "by_hash": by_hash,
            "by": "folder"
            if not by_hash
            else "hash"
            if by_hash == sum(part.train + part.test for part in parts)
            else "both",
        },
        "pca": {
            "identity": run,
            "components": len(model.components),
            "requested": {"variance": request.variance}
            if request.components is None
            else {"components": request.components},
            "explained": float(model.explained[: len(model.components)].sum()),
            "images": model.count,
        },
        "slots": busy_slots(commits),
        "memory": {
            "driver_bytes": peak_memory(),
            "worker_bytes": max((row.peak_bytes for row in commits), default=0),
            "workers": len({row.worker for row in commits}),
        },
        "versions": {"python": platform.python_version(), "spark": pyspark.__version__, **_versions()},
    }


def busy_slots(commits: list[Any]) -> int:
    """Return the most batches that were in work at the same moment, of collected `job.features.featurize.COMMITS`.

    How many slots a cluster has is another number at each moment of a run; this one is what the run had of them.
    """
    moments = sorted((moment, change) for row in commits for moment, change in ((row.started, 1), (row.ended, -1)))
    return max(itertools.accumulate(change for _, change in moments), default=0)


def _versions() -> dict[str, str]:
    found = {}
    for name, package in _PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:  # EMR brings its own Spark, which is no Python package
            continue
    return found
