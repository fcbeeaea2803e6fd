"""A record of each run, written at its beginning and at its end: who computed what, and what became of it.

A manifest belongs to results: a later run with the same settings over the same photographs writes it again, and one
that failed writes none. No record is written over by another run.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from job import __version__
from job.arguments import Arguments
from job.errors import JobError
from job.storage.layout import RECORDS
from job.storage.locations import Location
from job.storage.store import ResultStore

State = Literal["running", "completed", "unchanged", "failed"]
"""``unchanged``: there was nothing to do, for the results were there already."""

_LONGEST_ERROR = 2_000  # characters


def recorded(arguments: Arguments, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run, and leave a record.

    Parameters
    ----------
    arguments
        What the run is asked for.
    run
        Runs, and returns the manifest.

    Returns
    -------
    dict
        The manifest.

    Notes
    -----
    A record that cannot be written is no reason to fail: where nothing can be written the run itself says so.
    """
    began = datetime.now(UTC)
    path = f"{RECORDS}/{began:%Y%m%dT%H%M%S}Z-{secrets.token_hex(4)}.json"
    facts = {
        "label": arguments.run_label,
        "began": began.isoformat(timespec="seconds"),
        "version": __version__,
        "images": arguments.images.uri,
        "trial": arguments.trial.facts() if arguments.trial else None,
    }
    _write(arguments, path, facts, "running")
    try:
        manifest = run()
    except BaseException as error:
        message = str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}".removesuffix(": ")
        _write(arguments, path, {**facts, "error": message[:_LONGEST_ERROR]}, "failed")
        raise
    state: State = "completed" if "pca" in manifest["seconds"] else "unchanged"
    _write(arguments, path, {**facts, **_outcome(manifest)}, state)
    return manifest


def _is_there(output: Location) -> bool:
    """Return whether an output is there: a run that is refused makes no folder for its record."""
    return output.bucket is not None or Path(output.path).is_dir()


def _outcome(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: manifest[key] for key in ("run", "model", "counts", "pca", "probe", "seconds", "slots") if key in manifest
    }


def _write(arguments: Arguments, path: str, facts: Mapping[str, Any], state: State) -> None:
    if state in {"running", "failed"} and not _is_there(arguments.output):
        return
    ended = {} if state == "running" else {"ended": datetime.now(UTC).isoformat(timespec="seconds")}
    content = json.dumps({**facts, "state": state, **ended}, indent=2).encode()
    with suppress(Exception):
        ResultStore(arguments.output).put(path, content)
