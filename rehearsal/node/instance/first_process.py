"""The first process of an instance, in namespaces of its own: `python -m rehearsal.node.instance.first_process`.

It makes the namespaces look like an instance of EC2 in a subnet without a way out, opens the sockets at which the node
plays AWS, hands them over, and stays: all processes of the instance end with it, and it ends with the node.
"""

import fcntl
import os
import signal
import socket
import struct
import sys
from typing import Final

from rehearsal.node.instance.plan import METADATA, REACHED, READY, RESOLVER, UNREACHED, InstancePlan
from rehearsal.node.instance.root_folder import enter, make_root_folder

# From <linux/sockios.h> and <net/if.h>.
_SET_FLAGS: Final = 0x8914
_SET_ADDRESS: Final = 0x8916
_UP_AND_RUNNING: Final = 0x41
_REQUEST: Final = struct.Struct("16sHH4s8x")
_FLAGS: Final = struct.Struct("16sH22x")
_HTTPS, _HTTP, _DNS = 443, 80, 53


def main() -> int:
    """Make the instance, and stay until the node closes its end of the socket."""
    node = socket.socket(fileno=int(sys.argv[1]))
    plan = InstancePlan.from_json(sys.argv[2])
    try:
        socket.sethostname(plan.hostname)
        _bring_up_network(plan.address)
        sockets = _open_sockets()
        enter(make_root_folder(plan))
    except OSError as error:
        node.sendall(f"{error.strerror}: {error.filename}".encode() if error.filename else str(error).encode())
        return 1
    socket.send_fds(node, [READY], [item.fileno() for item in sockets])
    for item in sockets:
        item.close()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # of processes that have lost their parents
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while node.recv(1):
        pass
    return 0


def _bring_up_network(address: str) -> None:
    """Give the loopback device all addresses that are reached from an instance: there is no other way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for number, added in enumerate((address, METADATA, RESOLVER, REACHED, UNREACHED), 1):
            name = f"lo:{number}".encode()
            fcntl.ioctl(control, _SET_ADDRESS, _REQUEST.pack(name, socket.AF_INET, 0, socket.inet_aton(added)))
        fcntl.ioctl(control, _SET_FLAGS, _FLAGS.pack(b"lo", _UP_AND_RUNNING))


def _open_sockets() -> list[socket.socket]:
    """Open what the node serves at: metadata, AWS, the resolver."""
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind((RESOLVER, _DNS))
    return [*(socket.create_server(place) for place in ((METADATA, _HTTP), (REACHED, _HTTPS))), resolver]


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
