"""An instance that shares this machine, where namespaces are not to be had: variables lead its programs to AWS."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from rehearsal.network.proxy import NameProxy
from rehearsal.node.instance import Kind, User
from rehearsal.node.processes import end_processes, processes_with


class Shared:
    """An instance whose disk is a folder of this machine.

    Parameters
    ----------
    disk
        The folder.
    port
        Of the embedded AWS, on 127.0.0.1.
    """

    kind: Kind = "shared"
    hostname = "127.0.0.1"

    def __init__(self, disk: Path, *, port: int) -> None:
        self._disk = disk
        self._proxy = NameProxy(port)
        self.proxy = self._proxy.endpoint
        self.metadata = socket.create_server(("127.0.0.1", 0))
        self.ports: Mapping[str, int] = {name: _free_port() for name in ("master", "shuffle", "livy", "gateway")}

    def placed(self, text: str) -> str:
        """Put an absolute path below ``/opt`` onto this instance's disk; return any other text as it is."""
        return f"{self._disk}{text}" if text == "/opt" or text.startswith("/opt/") else text

    def command(self, command: Sequence[str], *, user: User, folder: Path) -> list[str]:
        """Return what runs the command in a folder of this machine: there is one user alone."""
        return ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(folder), *command]

    def processes(self) -> list[psutil.Process]:
        """List what runs on it, by its home, which is nobody else's."""
        return processes_with({"HOME": str(self._disk / "home" / "hadoop")})

    def close(self) -> None:
        """End all programs, and the proxy."""
        end_processes(self.processes)
        self._proxy.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
