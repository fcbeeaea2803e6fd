"""A proxy that lets each HTTP/1.1 request wait before it passes.

`python -m bench.delay_proxy --to HOST:PORT --milliseconds N` listens on a free port of 127.0.0.1, which it prints.
Connections stay open as long as client and server keep them.
"""

import argparse
import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Wait = Callable[[float], Awaitable[None]]
_CHUNK = 64 * 1024


class DelayProxy:
    """Forwards connections to one server.

    Parameters
    ----------
    host, port
        Of the server.
    seconds
        That each request waits.
    wait
        What it waits by.
    """

    def __init__(self, host: str, port: int, seconds: float, wait: Wait = asyncio.sleep) -> None:
        self.host, self.port, self.seconds, self.wait = host, port, seconds, wait

    async def start(self) -> asyncio.Server:
        """Listen on a free port of 127.0.0.1."""
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        server, requests = await asyncio.open_connection(self.host, self.port)
        answering = asyncio.create_task(_copy(server, answers))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await self._forward(client, requests)
        finally:
            requests.close()
            with contextlib.suppress(ConnectionError):
                await answering

    async def _forward(self, client: asyncio.StreamReader, requests: asyncio.StreamWriter) -> None:
        """Pass one request, its body by its announced length or, without one, in the chunks in which it comes."""
        head = await client.readuntil(b"\r\n\r\n")
        await self.wait(self.seconds)
        requests.write(head)
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            await _pass_chunks(client, requests)
        else:
            remaining = int(fields.get(b"content-length", 0))
            while remaining:
                part = await client.readexactly(min(remaining, _CHUNK))
                requests.write(part)
                await requests.drain()
                remaining -= len(part)
        await requests.drain()


async def _pass_chunks(client: asyncio.StreamReader, requests: asyncio.StreamWriter) -> None:
    size = -1
    while size:
        line = await client.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        requests.write(line + await client.readexactly(size + 2))
        await requests.drain()


async def _copy(server: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
    try:
        while part := await server.read(_CHUNK):
            answers.write(part)
            await answers.drain()
    finally:
        answers.close()


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--milliseconds", type=float, required=True)
    arguments = parser.parse_args()
    host, _, port = arguments.to.rpartition(":")
    listening = await DelayProxy(host, int(port), arguments.milliseconds / 1000).start()
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
