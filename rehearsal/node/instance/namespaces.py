"""An instance in namespaces of Linux: network, mounts, processes and host name are its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from rehearsal.network.names import is_aws
from rehearsal.network.surroundings import Surroundings
from rehearsal.node.instance import InstanceFailed, Kind, User
from rehearsal.node.instance.plan import REACHED, READY, UNREACHED, InstancePlan
from rehearsal.node.instance.plan import User as Account

_FIRST_PROCESS: Final = "rehearsal.node.instance.first_process"
_NAMESPACES: Final = ("--net", "--mount", "--pid", "--uts", "--ipc")
_ROOT: Final = Path(__file__).resolve().parents[3]
_PROGRAMS: Final = ("unshare", "nsenter")
_LONGEST_MESSAGE: Final = 2_000
_SOCKETS: Final = 3
_ACCOUNTS: Final = {"hadoop": 61_001, "yarn": 61_002}
"""Numbers that no distribution of Linux gives to anybody."""


class Namespaces:
    """An instance of EC2, as far as its programs can tell.

    Parameters
    ----------
    plan
        What it is like.
    port
        Of the embedded AWS, on 127.0.0.1.
    reached
        Tells whether the network leads to the service behind one of AWS's host names.

    Raises
    ------
    InstanceFailed
        If this machine gives no namespaces.
    """

    kind: Kind = "namespaces"
    proxy = ""
    # As Spark, Livy and EMR have them.
    ports: Mapping[str, int] = {"master": 7077, "shuffle": 7337, "livy": 8998, "gateway": 18888}

    def __init__(self, plan: InstancePlan, *, port: int, reached: Callable[[str], bool]) -> None:
        self._plan = plan
        self._reached = reached
        self._unshare, self._control, (self.metadata, aws, resolver) = _start(plan)
        self._surroundings = Surroundings(resolver=resolver, aws=aws, look_up=self._address_of, port=port)
        self._first = psutil.Process(self._unshare.pid).children()[0]
        self._namespace = _namespace_of(self._first.pid)

    @property
    def hostname(self) -> str:
        """Its own name."""
        return self._plan.hostname

    def placed(self, text: str) -> str:
        """Return a path as it is: the disks are where they are on EC2."""
        return text

    def command(self, command: Sequence[str], *, user: User, folder: Path) -> list[str]:
        """Return the command that enters the namespaces; the folder is one of the instance's disk."""
        number = {account.name: account.number for account in self._plan.users}[user]
        # In a user namespace there is one user, and nobody may give up groups.
        who = ["--user", "--preserve-credentials"] if os.geteuid() else [f"--setuid={number}", f"--setgid={number}"]
        inside = f"/{folder.relative_to(self._plan.disk)}"
        return [
            "nsenter",
            f"--target={self._first.pid}",
            *_NAMESPACES,
            "--root",
            f"--wdns={inside}",
            *who,
            "--",
            *command,
        ]

    def processes(self) -> list[psutil.Process]:
        """List what runs on it beside its first process."""
        return [item for item in processes_in(self._namespace) if item.pid != self._first.pid]

    def close(self) -> None:
        """End the first process; the kernel ends all others with it."""
        self._control.close()
        self._unshare.wait()
        self._surroundings.close()

    def _address_of(self, host: str) -> str | None:
        if host == self.hostname:
            return self._plan.address
        if not is_aws(host):
            return None
        return REACHED if self._reached(host) else UNREACHED


def accounts(kind: Kind) -> list[Account]:
    """Return the users of an instance: of different numbers if root asks for namespaces, one person otherwise."""
    separate = kind == "namespaces" and not os.geteuid()
    return [Account(name, number if separate else 0) for name, number in _ACCOUNTS.items()]


def processes_in(namespace: str) -> list[psutil.Process]:
    """List the processes of a PID namespace, named as the kernel names it."""
    return [process for process in psutil.process_iter() if _namespace_of(process.pid) == namespace]


def _start(plan: InstancePlan) -> tuple["subprocess.Popen[bytes]", socket.socket, list[socket.socket]]:
    """Start the first process; return what started it, what holds it, and the sockets that it opened."""
    if missing := [name for name in _PROGRAMS if not shutil.which(name)]:
        raise InstanceFailed(f"{' and '.join(missing)} not found")
    control, theirs = socket.socketpair()
    mapped = ["--user", "--map-root-user"] if os.geteuid() else []
    first = [sys.executable, "-m", _FIRST_PROCESS, str(theirs.fileno()), plan.to_json()]
    with theirs, Path(plan.disk, "first-process.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", *mapped, *_NAMESPACES, "--fork", "--kill-child", *first],
            cwd=_ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    message, numbers, _, _ = socket.recv_fds(control, _LONGEST_MESSAGE, _SOCKETS)
    if message != READY:
        control.close()
        process.wait()
        reason = message or Path(plan.disk, "first-process.log").read_bytes()
        raise InstanceFailed(reason.decode(errors="replace").strip() or f"unshare ended with {process.returncode}")
    return process, control, [socket.socket(fileno=number) for number in numbers]


def _namespace_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""
