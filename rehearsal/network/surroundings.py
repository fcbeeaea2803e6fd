"""What a machine finds around it: a resolver, and AWS at the addresses that the resolver gives."""

import asyncio
import socket
import threading
from collections.abc import Coroutine

from rehearsal.network.forwarder import Forwarder
from rehearsal.network.resolver import Lookup, Resolver


class Surroundings:
    """Serves at sockets that may belong to another network namespace, in a thread of its own, until closed.

    Parameters
    ----------
    resolver
        A bound UDP socket.
    aws
        A listening TCP socket.
    look_up
        Knows the addresses of host names.
    port
        Of the embedded AWS, on 127.0.0.1.
    """

    def __init__(self, *, resolver: socket.socket, aws: socket.socket, look_up: Lookup, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        coroutine = self._serve(resolver, aws, look_up, port)
        self._thread = threading.Thread(target=self._run, args=(coroutine,), name="surroundings", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and cut what is being carried."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self, coroutine: Coroutine[None, None, None]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:  # cancels what is under way
            runner.run(coroutine)

    async def _serve(self, resolver: socket.socket, aws: socket.socket, look_up: Lookup, port: int) -> None:
        for served in (resolver, aws):
            served.setblocking(False)
        transport, _ = await self._loop.create_datagram_endpoint(lambda: Resolver(look_up), sock=resolver)
        server = await asyncio.start_server(Forwarder(port), sock=aws)
        try:
            await self._stopped.wait()
        finally:
            transport.close()
            server.close()
