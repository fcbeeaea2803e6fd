"""A row of the benchmark: what was measured, and on what machine."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from bench.settings import cores
from ops.facts.machine import processor

_PACKAGES: Final = ("pyspark", "tensorflow", "ai-edge-litert", "numpy", "pyarrow", "pillow", "obstore")


@dataclass(frozen=True)
class Row:
    """One measurement.

    Parameters
    ----------
    row
        What it is asked for by.
    name
        What was measured, in words.
    images
        Photographs, or rows of features, that went through.
    seconds
        Wall time, of what `name` says.
    featurize_seconds, pca_seconds
        Parts of it: from photographs to stored features; the fit of the principal components.
    driver_peak_bytes, jvm_peak_bytes, worker_peak_bytes
        Most memory held resident by the Python driver, by Spark's JVM, and by the largest Python worker.
    details
        What else this row has to say.
    error
        Why there is no measurement; empty if there is one.
    machine
        See `machine_facts`.
    """

    row: str
    name: str
    images: int = 0
    seconds: float | None = None
    featurize_seconds: float | None = None
    pca_seconds: float | None = None
    driver_peak_bytes: int | None = None
    jvm_peak_bytes: int | None = None
    worker_peak_bytes: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def images_per_second(self) -> float | None:
        """Rate over the whole wall time."""
        return self.images / self.seconds if self.seconds else None

    @property
    def featurize_rate(self) -> float | None:
        """Photographs a second from photographs to stored features."""
        return self.images / self.featurize_seconds if self.featurize_seconds else None

    def on(self, machine: Mapping[str, Any]) -> "Row":
        """Return the row with the machine it was measured on."""
        return replace(self, machine=machine)


def machine_facts() -> dict[str, Any]:
    """Return what the numbers depend on, and how busy the machine is at this moment."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cores": cores(),
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average": round(os.getloadavg()[0], 2),
        "versions": found,
    }
