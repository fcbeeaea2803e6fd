"""The machine that plays a cluster's instances: its folder, and the environment of everything that runs there."""

import getpass
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal.embedded.aws import EmbeddedAws

_FOLDERS: Final = ("bin", "opt", "mnt/tmp", "mnt/var/log", "mnt/var/lib", "home/hadoop", "etc/spark/aws")


@dataclass(frozen=True)
class Machine:
    """One machine.

    Parameters
    ----------
    root
        Its folder, which stands for the root of its disk.
    cluster_id
        The cluster it works for.
    aws
        Where that is.
    endpoint
        What its programs take for AWS.
    metadata
        Address of its metadata service.
    """

    root: Path
    cluster_id: str
    aws: EmbeddedAws
    endpoint: str
    metadata: str

    @property
    def instance_id(self) -> str:
        """The id of the primary instance, always the same for a cluster."""
        return instance_id(self.cluster_id)

    @property
    def home(self) -> Path:
        """Where its user is at home; no process outside this machine has that home."""
        return self.root / "home" / "hadoop"

    def make_folders(self) -> None:
        """Make the folders that programs expect."""
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def placed(self, text: str) -> str:
        """Put an absolute path below ``/opt`` onto this machine's disk; give any other text as it is."""
        return f"{self.root}{text}" if text == "/opt" or text.startswith("/opt/") else text

    def environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Give the environment of a program: nothing of the user's, and what `overrides` sets for this machine."""
        return {
            "HOME": str(self.home),
            "USER": getpass.getuser(),
            "LOGNAME": getpass.getuser(),
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "PATH": f"{self.root / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(self.root / "mnt" / "tmp"),
            **overrides,
        }


def instance_id(cluster_id: str) -> str:
    """Make an id of EC2's form from that of a cluster."""
    return f"i-{hashlib.sha256(cluster_id.encode()).hexdigest()[:17]}"
