"""How a node works."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.3
"""Between two looks at a cluster, and between two looks for new ones."""


@dataclass(frozen=True)
class Options:
    """How a node works.

    Parameters
    ----------
    endpoint
        What steps and bootstrap actions take for AWS, such as a proxy that makes faults; AWS itself if empty.
    idle_scale
        By how much the idle stop of clusters is shortened: at 0.01 an hour is 36 seconds.
    log_seconds
        Between two uploads of the logs of a step that runs; EMR takes five minutes.
    image
        Folder of disk images, to have bootstrap actions find their work done: see `Bootstrap`. None: no images.
    """

    endpoint: str = ""
    idle_scale: float = 1.0
    log_seconds: float = 15.0
    image: Path | None = None
