"""The number of the layout, written into each output: a newer program's is refused, not misread."""

import json
import logging

from job import __version__
from job.errors import JobError
from job.storage.layout import LAYOUT, LAYOUT_OBJECT
from job.storage.store import ResultStore

log = logging.getLogger("fruits")


def require_layout(store: ResultStore) -> None:
    """Check that an output is of the layout of this program, and mark a new one.

    A mark that cannot be read is written anew: what it stands for shows in the names of the batches, too.

    Raises
    ------
    JobError
        If a newer program has written to the output.
    """
    try:
        found = int(json.loads(store.get(LAYOUT_OBJECT))["layout"])
    except FileNotFoundError:
        found = 0
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        log.warning("%s/%s is damaged, and written anew", store.output.uri, LAYOUT_OBJECT)
        found = 0
    if found > LAYOUT:
        raise JobError(
            f"{store.output.uri} holds results of layout {found}, as its {LAYOUT_OBJECT} says, and this version"
            f" {__version__} of the program knows layouts up to {LAYOUT}; use the version that wrote them, or give"
            " another --output"
        )
    if found < LAYOUT:
        store.put(LAYOUT_OBJECT, json.dumps({"layout": LAYOUT, "program": __version__}).encode())
