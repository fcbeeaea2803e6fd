"""Whether the results of a run are all there, and what the run wrote."""

import json

from job.storage.layout import EXPORTS, PROJECTIONS, ComponentsFolder, RunFolder, is_plan
from job.storage.store import ResultStore


def contents_of(store: ResultStore, run: str) -> dict[str, str]:
    """Tell the version of each object of a run's results as they are now, but for the list of contents itself."""
    report = RunFolder(run)
    folders = (ComponentsFolder(run).path, PROJECTIONS.partition(run), EXPORTS.partition(run), report.path)
    found = {path: version for folder in folders for path, version in store.versions(folder).items()}
    return {path: version for path, version in found.items() if path != report.contents and not is_plan(path)}


def write_contents(store: ResultStore, run: str) -> dict[str, str]:
    """Write down what the results of a run are, the last of all that it writes, and return it."""
    contents = contents_of(store, run)
    store.put(RunFolder(run).contents, json.dumps(contents, indent=1).encode())
    return contents


def is_whole(store: ResultStore, run: str) -> bool:
    """Tell whether a run has written down what its results are, and each of them is there as it was then."""
    try:
        written = json.loads(store.get(RunFolder(run).contents))
    except (FileNotFoundError, ValueError):
        return False
    return bool(written == contents_of(store, run))
