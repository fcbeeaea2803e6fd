"""The results' layout: each path below the output is named here, once, for the job, the tables and the commands.

::

    <output>/features/model=<identity>/<batch>.parquet      FEATURES_SCHEMA of `job.storage.tables`
             quarantine/model=<identity>/<batch>.parquet    QUARANTINE_SCHEMA
             pca/<run>/{model/, arrays.npz}                 pyspark.ml PipelineModel; plain arrays
             projections/pca=<run>/<batch>.parquet          PROJECTIONS_SCHEMA
             exports/pca=<run>/<batch>.csv                  the same, for spreadsheets
             reports/<run>/{manifest.json, report.html, images.parquet, contents.json}
             reports/<run>/pending.parquet                  the plan of a run at work
             runs/<time>-<id>.json                          a record of each time the job was run
             index/model=<identity>/root=<root>/<batch>     see `job.storage.known`
             scratch/<random>/                              what Spark writes before it gets its name
             damaged/<path>                                 batches set aside, see `job.storage.parquet`
             trials/<trial>/                                a trial has all of this for itself, but for runs/
             layout.json                                    the number of this layout

It needs the standard library alone, so that what describes a deployment can read it, too. The checks of the rehearsal
do not: they have the layout of their own that users were promised.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PartitionedFolder:
    """A folder of objects in partitions, as tables over files have it: ``<name>/<key>=<value>/``.

    Parameters
    ----------
    name
        Name of the folder, and of the table over it.
    key
        Name of the partitions' column.

    Examples
    --------
    >>> FEATURES.partition("0123456789abcdef")
    'features/model=0123456789abcdef'
    """

    name: str
    key: str

    def partition(self, value: str) -> str:
        """Return the path of one partition."""
        return f"{self.name}/{self.key}={value}"


FEATURES: Final = PartitionedFolder("features", "model")
QUARANTINE: Final = PartitionedFolder("quarantine", "model")
PROJECTIONS: Final = PartitionedFolder("projections", "pca")
EXPORTS: Final = PartitionedFolder("exports", "pca")

RECORDS: Final = "runs"
"""Has an object for each time that the job was run, whatever became of it; see `job.record`."""

REPORTS: Final = "reports"
"""Has a folder for each run."""

INDEX: Final = PartitionedFolder("index", "model")

SCRATCH: Final = "scratch"
"""Has a folder for each run that writes its model; what a killed run leaves there is deleted later."""

LAYOUT: Final = 2
"""Number of this layout; an output with a higher one was written by a newer program."""

LAYOUT_OBJECT: Final = "layout.json"

DAMAGED: Final = "damaged"
"""Where objects go that are not what was written, each with the path that it had."""

TRIALS: Final = "trials"
"""Has a folder for each kind of trial, laid out as the output itself: what a trial computes is of no other run."""


@dataclass(frozen=True)
class RunFolder:
    """The report of one run and what belongs to it.

    Parameters
    ----------
    run
        Name of the run.

    Examples
    --------
    >>> RunFolder("0123456789abcdef").manifest
    'reports/0123456789abcdef/manifest.json'
    """

    run: str

    @property
    def path(self) -> str:
        """Path of the folder."""
        return f"{REPORTS}/{self.run}"

    @property
    def manifest(self) -> str:
        """Path of the manifest, the last that a run writes."""
        return f"{self.path}/manifest.json"

    @property
    def page(self) -> str:
        """Path of the report to read."""
        return f"{self.path}/report.html"

    @property
    def listing(self) -> str:
        """Path of the photographs that the run is about."""
        return f"{self.path}/images.parquet"

    @property
    def contents(self) -> str:
        """Path of the versions of all objects that belong to the results of the run."""
        return f"{self.path}/contents.json"

    @property
    def plan(self) -> str:
        """Path of the photographs to featurize, there while the run featurizes them."""
        return f"{self.path}/pending.parquet"


@dataclass(frozen=True)
class ComponentsFolder:
    """The principal components of one run.

    Parameters
    ----------
    run
        Name of the run.
    """

    run: str

    @property
    def path(self) -> str:
        """Path of the folder."""
        return f"pca/{self.run}"

    @property
    def arrays(self) -> str:
        """Path of the components as arrays of NumPy."""
        return f"{self.path}/arrays.npz"

    @property
    def model(self) -> str:
        """Path of the folder with the components as a model of Spark."""
        return f"{self.path}/model"


def trial_folder(name: str) -> str:
    """Return the path of the results of a trial.

    Examples
    --------
    >>> trial_folder("0123456789abcdef")
    'trials/0123456789abcdef'
    """
    return f"{TRIALS}/{name}"


def within_trial(path: str) -> str:
    """Return a path as the layout of a trial has it; one that is not of a trial as it is.

    Examples
    --------
    >>> within_trial("trials/0123456789abcdef/layout.json"), within_trial("layout.json")
    ('layout.json', 'layout.json')
    """
    folder, _, rest = path.partition("/")
    return rest.partition("/")[2] or path if folder == TRIALS else path


def is_manifest(path: str) -> bool:
    """Return whether a path below `REPORTS` is that of a manifest."""
    return path.endswith("/manifest.json")


def is_page(path: str) -> bool:
    """Return whether a path below `REPORTS` is that of a report to read."""
    return path.endswith("/report.html")


def is_plan(path: str) -> bool:
    """Return whether a path below `REPORTS` is that of the plan of a run at work."""
    return path.endswith("/pending.parquet")


def run_of(path: str) -> str:
    """Return the run that a path belongs to, which is below its partition or its report's folder.

    Examples
    --------
    >>> run_of("projections/pca=0123456789abcdef/8c5f-512.parquet"), run_of("reports/0123456789abcdef/report.html")
    ('0123456789abcdef', '0123456789abcdef')
    """
    return path.split("/")[1].rpartition("=")[2]
