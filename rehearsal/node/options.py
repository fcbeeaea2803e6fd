"""How a node works."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal.node.instance import Kind

POLL_SECONDS: Final = 0.6
"""Between two looks at a cluster, and between two looks for new ones."""


@dataclass(frozen=True)
class Options:
    """How a node works.

    Parameters
    ----------
    kind
        Of instances.
    port
        Where steps and bootstrap actions arrive when they call AWS, on 127.0.0.1, such as that of a proxy that makes
        faults; at AWS itself if 0.
    idle_scale
        By how much the idle stop of clusters is shortened: at 0.01 an hour is 36 seconds.
    log_seconds
        Between two uploads of the logs of a step that runs; EMR takes five minutes.
    image
        Folder of disk images, to have bootstrap actions find their work done: see `Bootstrap`. None: no images.
    """

    kind: Kind = "namespaces"
    port: int = 0
    idle_scale: float = 1.0
    log_seconds: float = 15.0
    image: Path | None = None
