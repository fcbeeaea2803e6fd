"""The machine that plays a cluster's instances: its disk, and the environment of everything that runs there."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.instance import Instance

_FOLDERS: Final = ("emr/bin", "opt", "tmp", "mnt/tmp", "mnt/var/log", "mnt/var/lib", "mnt/yarn", "etc/spark", "root")
_OPEN_TO_ALL: Final = ("tmp", "mnt/tmp")


@dataclass(frozen=True)
class Machine:
    """One machine.

    Parameters
    ----------
    root
        Its disk, a folder of this machine.
    cluster_id
        The cluster it works for.
    aws
        Where that is.
    instance
        What is around its programs.
    """

    root: Path
    cluster_id: str
    aws: EmbeddedAws
    instance: Instance

    @property
    def instance_id(self) -> str:
        """The id of the primary instance, always the same for a cluster."""
        return instance_id(self.cluster_id)

    @property
    def home(self) -> Path:
        """Where the user that runs bootstrap actions and steps is at home."""
        return self.root / "home" / "hadoop"

    def path(self, name: str) -> str:
        """Return a place of its disk as its programs have to, such as ``etc/spark``."""
        return self.instance.placed(f"/{name}") if self.instance.kind == "namespaces" else str(self.root / name)

    def environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a program: nothing of the user's, no locale, and what `overrides` sets."""
        return {
            "HOME": self.path("home/hadoop"),
            "USER": "hadoop",
            "LOGNAME": "hadoop",
            "SHELL": "/bin/bash",
            "PATH": f"{self.path('emr/bin')}:/usr/local/bin:/usr/bin:/bin",
            **overrides,
        }


def make_disk(root: Path, owners: Mapping[str, int]) -> None:
    """Make the folders that programs expect; `owners` gives the numbers of the users ``hadoop`` and ``yarn``."""
    for name in (*_FOLDERS, *(f"home/{user}" for user in owners)):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _OPEN_TO_ALL:
        (root / name).chmod(0o1777)
    for user, number in owners.items():
        _give(root / "home" / user, number)
    _give(root / "mnt/yarn", owners["yarn"])


def _give(folder: Path, number: int) -> None:
    if number:
        os.chown(folder, number, number)


def instance_id(cluster_id: str) -> str:
    """Make an id of EC2's form from that of a cluster."""
    return f"i-{hashlib.sha256(cluster_id.encode()).hexdigest()[:17]}"


def address_of(cluster_id: str) -> str:
    """Make an address of a private subnet for the primary instance of a cluster."""
    digest = hashlib.sha256(cluster_id.encode()).digest()
    return f"10.20.{digest[0]}.{10 + digest[1] % 240}"
