"""Carries connections that arrive at an address of AWS's to the embedded AWS, encrypted as they are."""

import asyncio
import contextlib
from typing import Final

_CHUNK: Final = 65_536


class Forwarder:
    """Gives every connection one to a port of 127.0.0.1.

    Parameters
    ----------
    port
        Of the embedded AWS.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until both sides have said all."""
        ends = [writer]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            ends.append(back)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        except OSError:  # AWS is away: the client finds its connection closed, and tries again
            pass
        except asyncio.CancelledError:  # also while it connects
            for end in ends:
                end.transport.abort()
            raise
        finally:
            for end in ends:
                end.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while content := await source.read(_CHUNK):
            target.write(content)
            await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof() if target.can_write_eof() else target.close()
