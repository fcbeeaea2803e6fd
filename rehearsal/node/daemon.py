"""The process of a node: started, stopped and found by the folder of its embedded AWS."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rehearsal.daemon import Daemon, DaemonFailed
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.instance import Kind
from rehearsal.node.processes import end_processes, processes_with

_LOG: Final = "node.log"


@dataclass(frozen=True)
class Node:
    """A node that was started.

    Parameters
    ----------
    folder
        Of the embedded AWS whose clusters it serves; the machines are in ``nodes/<cluster id>`` there.
    pid, started
        Of its process; the time of its start tells it from a later process with the same number.
    """

    folder: str
    pid: int
    started: float

    @property
    def kind(self) -> Kind:
        """What its instances are."""
        mode = ready_file(Path(self.folder)).read_text(encoding="utf-8")
        return "shared" if mode.endswith("shared") else "namespaces"

    @property
    def log(self) -> Path:
        """What it has logged."""
        return Path(self.folder) / _LOG

    def machine(self, cluster_id: str) -> Path:
        """Return the folder of a cluster's machine."""
        return Path(self.folder) / "nodes" / cluster_id


def start_node(
    aws: EmbeddedAws,
    *,
    port: int = 0,
    shared: bool = False,
    idle_scale: float = 1.0,
    log_seconds: float = 15.0,
    image: Path | None = None,
    tied: bool = False,
) -> Node:
    """Start a node for an embedded AWS; from then on its clusters wait for the node.

    Parameters
    ----------
    aws
        That runs.
    port, idle_scale, log_seconds, image
        See `rehearsal.node.options.Options`.
    shared
        Do without namespaces of Linux, as where there are none.
    tied
        End it when this process has ended, in whatever way.

    Raises
    ------
    DaemonFailed
        If there is one already, or it does not get ready.
    """
    folder = Path(aws.folder)
    if running := find_node(folder):
        raise DaemonFailed(f"a node runs for {folder} already, pid {running.pid}; stop it first")
    given = [
        *(("--port", str(port)) if port else ()),
        *(("--shared",) if shared else ()),
        *("--idle-scale", str(idle_scale)),
        *("--log-seconds", str(log_seconds)),
        *(("--image", str(image.resolve())) if image else ()),
    ]
    return _daemon_of(folder).start(
        [str(folder), *given],
        variables={"TMPDIR": str(folder / "tmp")},
        facts={"folder": str(folder)},
        is_ready=lambda pid: _is_ready(folder, pid),
        tied=tied,
    )


def stop_node(folder: Path) -> bool:
    """Stop the node of an embedded AWS, and all that runs on its machines; return whether there was one.

    Raises
    ------
    DaemonFailed
        If it had to be killed.
    """
    try:
        return _daemon_of(folder.resolve()).stop()
    finally:
        for home in folder.resolve().glob("nodes/*/home/hadoop"):  # of a node without namespaces that was killed
            end_processes(partial(processes_with, {"HOME": str(home)}))


@contextlib.contextmanager
def local_node(
    aws: EmbeddedAws,
    *,
    port: int = 0,
    shared: bool = False,
    idle_scale: float = 1.0,
    log_seconds: float = 15.0,
    image: Path | None = None,
) -> Iterator[Node]:
    """Start a node, and stop it at the end whatever happens; what its machines have logged stays."""
    node = start_node(
        aws, port=port, shared=shared, idle_scale=idle_scale, log_seconds=log_seconds, image=image, tied=True
    )
    try:
        yield node
    finally:
        stop_node(Path(aws.folder))


def find_node(folder: Path) -> Node | None:
    """Find the node that runs for the embedded AWS of a folder.

    Raises
    ------
    DaemonFailed
        If its record is damaged.
    """
    return _daemon_of(folder.resolve()).find()


def ready_file(folder: Path) -> Path:
    """Return the file with the number of the process that is ready to serve clusters, and the kind of its instances."""
    return folder / "node.ready"


def _daemon_of(folder: Path) -> Daemon[Node]:
    return Daemon(Node, "the node", "rehearsal.node", record=folder / "node.json", log=folder / _LOG)


def _is_ready(folder: Path, pid: int) -> bool:
    with contextlib.suppress(OSError):
        return ready_file(folder).read_text(encoding="utf-8").partition(" ")[0] == str(pid)
    return False
