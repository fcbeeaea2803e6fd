"""An HTTPS proxy that leads AWS's host names to a server of this machine, and refuses every other."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Final, Self

_AWS: Final = re.compile(r"(?:[a-z0-9-]+\.)+amazonaws\.(?:com|eu):443", re.IGNORECASE)
_HEAD_BYTES: Final = 16 * 1024
_CHUNK: Final = 64 * 1024
_PATIENCE_SECONDS: Final = 30.0
_GONE: Final = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class NameProxy:
    """Serves ``CONNECT`` (RFC 9110, section 9.3.6) on a free port of 127.0.0.1 until closed.

    Clients find it by ``HTTPS_PROXY`` and use AWS's names as they stand; TLS is between them and the server, whose
    certificate has to carry these names. Nothing is looked up in the DNS.

    Parameters
    ----------
    port_of_aws
        Of a server on 127.0.0.1 that speaks TLS.
    """

    def __init__(self, port_of_aws: int) -> None:
        self._target = port_of_aws
        self.refused: list[str] = []
        """What clients asked for in vain: ``host:port``, or the first line of a request that is no CONNECT."""
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES)
        )
        self.endpoint = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        """What ``HTTPS_PROXY`` has to be."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="name-proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, drop open connections, and free the port."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _stop(self) -> None:
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*_GONE), self._closing(answers):
            head = await asyncio.wait_for(client.readuntil(b"\r\n\r\n"), _PATIENCE_SECONDS)
            if answer := self._refusal(head.split(b"\r\n", 1)[0].decode("latin-1")):
                answers.write(answer)
                await answers.drain()
            else:
                await self._join(client, answers)

    @contextlib.contextmanager
    def _closing(self, end: asyncio.StreamWriter) -> Iterator[None]:
        self._ends.add(end)
        try:
            yield
        finally:
            self._ends.discard(end)
            end.close()

    def _refusal(self, request: str) -> bytes:
        """Return the answer to a request that is not led anywhere."""
        method, _, rest = request.partition(" ")
        target = rest.partition(" ")[0]
        if method != "CONNECT":
            self.refused.append(request)
            return _answer("405 Method Not Allowed", "this proxy takes CONNECT alone: use https")
        if not _AWS.fullmatch(target):
            self.refused.append(target)
            return _answer("403 Forbidden", f"{target} is no host name of AWS")
        return b""

    async def _join(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            server, requests = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            answers.write(_answer("502 Bad Gateway", f"nobody answers at port {self._target}"))
            await answers.drain()
            return
        with self._closing(requests):
            answers.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(client, requests), _copy(server, answers))


def _answer(status: str, reason: str) -> bytes:
    body = f"{reason}\n".encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side has no more, and tell the other so."""
    while part := await source.read(_CHUNK):
        target.write(part)
        await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()
