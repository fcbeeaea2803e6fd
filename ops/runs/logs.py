"""Logs of clusters and steps, where EMR puts them below the LogUri, compressed.

::

    <LogUri>/<cluster>/steps/<step>/{controller,stderr,stdout,syslog}.gz
             <cluster>/node/<instance>/bootstrap-actions/<number>/{controller,stderr,stdout}.gz
             <cluster>/node/<instance>/applications/<application>/<log>.gz
             <cluster>/containers/<application>/<container>/{stderr,stdout}.gz

EMR brings them there about every five minutes, each time the whole file, and for the last time when the step or the
cluster has ended (Management Guide, "View log files"). The driver runs in client mode. spark-submit lays what a driver
in Python writes, on whichever stream, on its own standard output; its standard error is Spark's log.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from ops.aws.account import Client
from ops.aws.clusters import STEP_ENDED, Cluster, Step
from ops.aws.s3.folder import Folder
from ops.errors import FruitsError


class NoLogs(FruitsError):
    """There is no such log, or not yet."""


LogFile = Literal["stderr", "stdout", "controller", "syslog"]

_JOB_LINE: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (?:INFO|WARNING|ERROR) .*|error: .*")
_APPLICATION: Final = re.compile(r"\bapplication_\d+_\d+\b")

_OF_NOTEBOOKS: Final = ("livy", "jupyter", "emr-notebook")
"""Beginnings of the names that EMR gives applications; of the gateway's log no document says where it is."""

UPLOADED_WITHIN: Final = timedelta(minutes=6)
"""After this, a log that is not there will not come."""


@dataclass
class StepLog:
    """A log of a step, as far as it was uploaded, read again and again.

    Parameters
    ----------
    folder
        The LogUri.
    step
        Step that wrote the log.
    file
        Which.
    """

    folder: Folder
    step: Step
    file: LogFile = "stdout"
    _etag: str = field(default="", init=False)
    _shown: int = field(default=0, init=False)
    modified: datetime | None = field(default=None, init=False)

    @property
    def path(self) -> str:
        """Below the LogUri."""
        return f"{self.step.cluster_id}/steps/{self.step.id}/{self.file}.gz"

    def read(self) -> str:
        """Return what has come since the last time; nothing if nothing has."""
        for item in self.folder.list(self.path):
            if item.path == self.path and item.etag != self._etag:
                text = decompressed(self.folder.read(self.path) or b"")
                new, self._shown = text[self._shown :], max(self._shown, len(text))
                self._etag, self.modified = item.etag, item.modified
                return new
        return ""

    def is_final(self, step: Step, now: datetime) -> bool:
        """Return whether nothing more will come, as the step stands now."""
        if step.state not in STEP_ENDED:
            return False
        ended = step.ended or step.created
        # The time of an object is cut to the second.
        uploaded = self.modified is not None and self.modified + timedelta(seconds=1) > ended
        return uploaded or now > ended + UPLOADED_WITHIN


def logs_of(client: Client, cluster: Cluster) -> Folder:
    """Return the folder of a cluster's logs, which are in its sub-folder of that name."""
    return Folder(client, cluster.log_uri)


def bootstrap_logs(folder: Folder, cluster_id: str, file: LogFile) -> Iterator[tuple[str, str]]:
    """Read the logs of the bootstrap actions of all nodes: node and number of the action, and text."""
    for item in folder.list(f"{cluster_id}/node/"):
        parts = item.path.split("/")
        if len(parts) == 6 and parts[3] == "bootstrap-actions" and parts[5] == f"{file}.gz":
            yield f"{parts[2]} action {parts[4]}", decompressed(folder.read(item.path) or b"")


def notebook_logs(folder: Folder, cluster_id: str) -> Iterator[tuple[str, str]]:
    """Read the logs of what serves notebooks, Livy and the gateway: node, application and log, and text."""
    for item in folder.list(f"{cluster_id}/node/"):
        parts = item.path.split("/")
        if len(parts) == 6 and parts[3] == "applications" and parts[4].startswith(_OF_NOTEBOOKS):
            yield f"{parts[2]} {parts[4]} {parts[5].removesuffix('.gz')}", decompressed(folder.read(item.path) or b"")


def executor_logs(folder: Folder, step: Step, file: LogFile) -> Iterator[tuple[str, str]]:
    """Read the logs of the YARN containers of a step's application: container, and text.

    Spark's log of the driver, its standard error, names the application. Of a step that does not name it, such as one
    whose log has not come, the containers of all applications of its cluster are read.
    """
    named = _APPLICATION.findall(StepLog(folder, step, "stderr").read())
    below = f"{step.cluster_id}/containers/"
    for item in folder.list(f"{below}{named[-1]}/" if named else below):
        application, _, rest = item.path.removeprefix(below).partition("/")
        container, _, name = rest.partition("/")
        if name == f"{file}.gz":
            yield f"{application} {container}", decompressed(folder.read(item.path) or b"")


def decompressed(content: bytes) -> str:
    """Return the text of a log, which may have been cut off while it was written."""
    try:
        return gzip.decompress(content).decode(errors="replace")
    except (EOFError, zlib.error):
        return zlib.decompressobj(wbits=31).decompress(content).decode(errors="replace")


def job_lines(text: str) -> Iterator[str]:
    """Return the lines of a driver's log that the job itself has written, not Spark."""
    return (line for line in text.splitlines() if _JOB_LINE.fullmatch(line))
