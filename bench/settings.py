"""What a run of the benchmark measures, and where it keeps its working files."""

import os
import shutil
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from job.features.weights import load_backbone
from job.storage.listing import list_photographs
from job.storage.locations import Location

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"
OUT = ROOT / "bench" / "out"


class RowFailed(Exception):
    """A row could not be measured; the message says why."""


@dataclass
class Settings:
    """Options of a run of the benchmark.

    Parameters
    ----------
    images
        Root of the photographs.
    components
        Kept by the notebook's PCA: as many as the job chose, as far as that is known.
    s3_images
        Most photographs of the S3 rows.
    memory_images
        Most photographs of the memory row's first run; None stands for all.
    repeat
        How many times as many its second run has.
    done
        Rows measured so far by this run.
    """

    images: Path
    components: int
    s3_images: int = 3000
    memory_images: int | None = None
    repeat: int = 10
    done: set[str] = field(default_factory=set)

    @cached_property
    def photographs(self) -> list[str]:
        """Paths below the root, sorted, as the job lists them."""
        paths: list[str] = list_photographs(Location.parse(str(self.images))).photographs["path"].to_pylist()
        return paths

    @cached_property
    def model(self) -> bytes:
        """The job's default backbone, frozen."""
        payload = load_backbone("litert", "torchvision").payload
        assert isinstance(payload, bytes)
        return payload

    def freeze(self) -> None:
        """Convert the model unless this machine has done so before; the job then finds it, and is not timed for it."""
        _ = self.model

    def spread(self, most: int | None) -> list[str]:
        """Choose photographs evenly from the sorted list."""
        count = len(self.photographs)
        wanted = min(most or count, count)
        return [self.photographs[number * count // wanted] for number in range(wanted)]

    def warm(self) -> int:
        """Read every photograph once, so that the first row finds them cached like the last; give their bytes."""
        return sum(len((self.images / path).read_bytes()) for path in self.photographs)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def fresh_folder(name: str) -> Path:
    """Return the name of a working folder that is not there; the row makes it."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder
