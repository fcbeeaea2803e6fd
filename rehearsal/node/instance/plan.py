"""What an instance is to be like: told by the node to the first process of its namespaces."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

METADATA: Final = "169.254.169.254"  # EC2 user guide, "Use the Instance Metadata Service"
RESOLVER: Final = "169.254.169.253"  # VPC user guide, "Amazon DNS server"
REACHED: Final = "198.51.100.1"
"""AWS's services that the network leads to: an address of RFC 5737, which is nobody's."""
UNREACHED: Final = "198.51.100.2"
"""AWS's other services: they have an address, and nobody answers there."""

READY: Final = b"ready"
"""What the first process says when the instance is there."""

BECOME_ROOT: Final = "/run/become-root"
"""Where a program is that makes any user root, as sudo does for EMR's user hadoop; it is there if users differ."""


@dataclass(frozen=True)
class User:
    """A user of the instance.

    Parameters
    ----------
    name
        Of the user and of its group.
    number
        Of both.
    """

    name: str
    number: int


@dataclass(frozen=True)
class InstancePlan:
    """An instance.

    Parameters
    ----------
    disk
        Folder of this machine with what the instance has on its disks: ``opt``, ``mnt``, ``home``, ``tmp``, ``etc``.
    hostname, address
        As EC2 gives them in a private subnet.
    software
        Folders of this machine that are needed where they are.
    replaced
        Pairs of files: what is seen, and in place of which.
    users
        Whom it has beside root.
    """

    disk: str
    hostname: str
    address: str
    software: Sequence[str]
    replaced: Sequence[tuple[str, str]]
    users: Sequence[User]

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "InstancePlan":
        """Read what was written down."""
        given = json.loads(text)
        return cls(**{**given, "users": [User(**user) for user in given["users"]]})
