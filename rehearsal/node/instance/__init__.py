"""An instance of EC2 on this machine: what is around the programs of a node.

Where Linux lets us, it has namespaces of its own, in which AWS's host names, the metadata service, the users and the
disks are what they are on EC2 (`namespaces`). Elsewhere its programs share this machine, and variables lead them to an
HTTPS proxy for the same names (`shared`). `ops` and the product know neither.
"""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import psutil

Kind = Literal["namespaces", "shared"]
User = Literal["hadoop", "yarn"]
"""Who runs steps and bootstrap actions, and who runs Spark's executors."""


class InstanceFailed(Exception):
    """The instance cannot be started here; the message says why."""


class Instance(Protocol):
    """What a node needs of an instance."""

    @property
    def kind(self) -> Kind:
        """How far it is from an instance of EC2."""

    @property
    def hostname(self) -> str:
        """Its own name."""

    @property
    def metadata(self) -> socket.socket:
        """A listening socket, where its programs look for the metadata service."""

    @property
    def proxy(self) -> str:
        """Where an HTTPS proxy leads to AWS; empty if AWS is reached without."""

    @property
    def ports(self) -> Mapping[str, int]:
        """Where Spark's ``master`` and ``shuffle`` service listen, ``livy`` and the ``gateway`` of notebooks."""

    def placed(self, text: str) -> str:
        """Return an absolute path of the instance as its programs have to write it; any other text as it is."""

    def command(self, command: Sequence[str], *, user: User, folder: Path) -> list[str]:
        """Return the command of this machine that runs one on the instance, in a folder of its disk."""

    def processes(self) -> list[psutil.Process]:
        """List what runs on it."""

    def close(self) -> None:
        """End all that runs on it, and whatever was around it."""
