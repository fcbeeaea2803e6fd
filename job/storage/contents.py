"""Whether the results of a run are all there, and what the run wrote."""

import json
from collections.abc import Collection

from job.storage.layout import EXPORTS, PROJECTIONS, ComponentsFolder, RunFolder
from job.storage.names import is_result
from job.storage.parquet import digest
from job.storage.store import Listed, ResultStore


def contents_of(store: ResultStore, run: str, features: Collection[str]) -> dict[str, str]:
    """Return the version of each object of a run's results as they are now, and of the features that they are of.

    Parameters
    ----------
    store
        The results.
    run
        Name of the run.
    features
        Paths of the batches of its photographs' features.
    """
    folders = (ComponentsFolder(run).path, PROJECTIONS.partition(run), EXPORTS.partition(run), RunFolder(run).path)
    found = {path: item for folder in folders for path, item in store.listed(folder).items() if is_result(path)}
    partitions = {path.rpartition("/")[0] for path in features}
    found |= {path: item for folder in partitions for path, item in store.listed(folder).items() if path in features}
    versions = {path: _version(store, path, item) for path, item in found.items()}
    return {path: version for path, version in versions.items() if version is not None}


def write_contents(store: ResultStore, run: str, features: Collection[str]) -> dict[str, str]:
    """Write down what the results of a run are, the last of all that it writes, and return it."""
    contents = contents_of(store, run, features)
    store.put(RunFolder(run).contents, json.dumps(contents, indent=1).encode())
    return contents


def is_whole(store: ResultStore, run: str, features: Collection[str]) -> bool:
    """Return whether a run has written down what its results are, and each of them is there as it was then."""
    try:
        written = json.loads(store.get(RunFolder(run).contents))
    except (FileNotFoundError, ValueError, RecursionError):
        return False
    return bool(written == contents_of(store, run, features))


def _version(store: ResultStore, path: str, listed: Listed) -> str | None:
    """Return the version of an object: on S3 as listed, since S3 keeps it; a file of this machine is read."""
    if store.output.bucket is not None:
        return listed.version
    try:
        return digest(store.get(path))
    except FileNotFoundError:  # since it was listed
        return None
