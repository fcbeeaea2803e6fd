"""The process of a node: started, stopped and found by the folder of its embedded AWS."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from ops.errors import FruitsError
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.instance import Kind
from rehearsal.node.processes import end_processes, processes_with

_MODULE: Final = "rehearsal.node"
_ROOT: Final = Path(__file__).resolve().parents[2]
_STARTS_WITHIN_SECONDS: Final = 60.0
_STOPS_WITHIN_SECONDS: Final = 60.0


class NodeFailed(FruitsError):
    """The node cannot be started or stopped; the message says why and what to do."""


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
        told = ready_file(Path(self.folder)).read_text(encoding="utf-8")
        return "shared" if told.endswith("shared") else "namespaces"

    @property
    def log(self) -> Path:
        """What it has logged."""
        return Path(self.folder) / "node.log"

    def machine(self, cluster_id: str) -> Path:
        """Name the folder of a cluster's machine."""
        return Path(self.folder) / "nodes" / cluster_id


def start_node(
    aws: EmbeddedAws,
    *,
    port: int = 0,
    shared: bool = False,
    idle_scale: float = 1.0,
    log_seconds: float = 15.0,
    image: Path | None = None,
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

    Raises
    ------
    NodeFailed
        If there is one already, or it does not get ready.
    """
    folder = Path(aws.folder)
    if running := find_node(folder):
        raise NodeFailed(f"a node runs for {folder} already, pid {running.pid}; stop it first")
    given = [
        *(("--port", str(port)) if port else ()),
        *(("--shared",) if shared else ()),
        *("--idle-scale", str(idle_scale)),
        *("--log-seconds", str(log_seconds)),
        *(("--image", str(image.resolve())) if image else ()),
    ]
    with (folder / "node.log").open("ab") as log:
        offset = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, str(folder), *given],
            env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal is for whoever uses it
        )
    node = Node(folder=str(folder), pid=process.pid, started=psutil.Process(process.pid).create_time())
    _record(folder).write_text(json.dumps(asdict(node)), encoding="utf-8")
    try:
        _wait_until_ready(node, process, offset)
    except BaseException:
        stop_node(folder)
        raise
    return node


def stop_node(folder: Path) -> bool:
    """Stop the node of an embedded AWS, and all that runs on its machines; tell whether there was one.

    Raises
    ------
    NodeFailed
        If it had to be killed.
    """
    node = find_node(folder)
    alive: list[psutil.Process] = []
    if node:
        process = psutil.Process(node.pid)
        process.terminate()
        _, alive = psutil.wait_procs([process], timeout=_STOPS_WITHIN_SECONDS)
        for survivor in alive:
            survivor.kill()
    for home in folder.resolve().glob("nodes/*/home/hadoop"):  # of a node without namespaces that was killed
        end_processes(partial(processes_with, {"HOME": str(home)}))
    if alive:
        raise NodeFailed(f"the node for {folder} did not end within {_STOPS_WITHIN_SECONDS:.0f} s and was killed")
    return node is not None


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
    node = start_node(aws, port=port, shared=shared, idle_scale=idle_scale, log_seconds=log_seconds, image=image)
    try:
        yield node
    finally:
        stop_node(Path(aws.folder))


def find_node(folder: Path) -> Node | None:
    """Find the node that runs for the embedded AWS of a folder."""
    try:
        node = Node(**json.loads(_record(folder).read_text(encoding="utf-8")))
        process = psutil.Process(node.pid)
        alive = process.create_time() == node.started and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.NoSuchProcess):
        return None
    return node if alive else None


def ready_file(folder: Path) -> Path:
    """Name the file with the number of the process that is ready to serve clusters, and the kind of its instances."""
    return folder / "node.ready"


def _record(folder: Path) -> Path:
    return folder / "node.json"


def _wait_until_ready(node: Node, process: "subprocess.Popen[bytes]", offset: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    ready = ready_file(Path(node.folder))
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            if ready.read_text(encoding="utf-8").partition(" ")[0] == str(node.pid):
                return
        time.sleep(0.05)
    with node.log.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    reason = lines[-1] if lines else "it logged nothing"
    raise NodeFailed(f"the node did not start: {reason} (log: {node.log})")
