"""Carries what arrives at a socket of the machine below to a port of the instance: `relay FILE_NUMBER PORT`.

In place of the network interface by which EMR puts a workspace next to the primary node.
"""

import asyncio
import contextlib
import socket
import sys
from typing import Final

from rehearsal.network.forwarder import Forwarder

_LOOKS_EVERY_SECONDS: Final = 0.2


async def main(file_number: int, port: int) -> None:
    """Wait until somebody listens at the port, then carry every connection."""
    while not _listens(port):
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)
    server = await asyncio.start_server(Forwarder(port), sock=socket.socket(fileno=file_number))
    await server.serve_forever()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:3])))
