"""A proxy in front of an embedded AWS that makes faults, over TLS: microburst with the certificate of the AWS."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.embedded.aws import EmbeddedAws
from tests.rehearsal.clusters import PATIENCE_SECONDS


@dataclass(frozen=True)
class FaultProxy:
    """A proxy that runs."""

    endpoint: str
    authority: Path

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.endpoint.rpartition(":")[2])

    def fired(self) -> Counter[str]:
        """Count the faults made so far, by what was done."""
        return Counter(event["action"] for event in self._ask("fired?limit=2000"))

    def _ask(self, path: str) -> Any:
        context = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(
            f"{self.endpoint}/_microburst/{path}", context=context, timeout=PATIENCE_SECONDS
        ) as answer:
            return json.load(answer)


@contextmanager
def fault_proxy(aws: EmbeddedAws, rules: Sequence[dict[str, Any]]) -> Iterator[FaultProxy]:
    """Start a proxy with rules of microburst; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    proxy = FaultProxy(f"https://127.0.0.1:{port}", aws.authority)
    command = [sys.executable, "-m", __name__, aws.folder, aws.endpoint, str(port), json.dumps(list(rules))]
    variables = {**os.environ, "SSL_CERT_FILE": str(aws.authority)}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(proxy, process)
            yield proxy
        finally:
            process.terminate()


def _wait_for(proxy: FaultProxy, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            proxy.fired()
        except OSError:
            assert process.poll() is None, "the proxy has ended"
            assert time.monotonic() < deadline, "the proxy does not answer"
            time.sleep(0.1)
        else:
            return


def _serve(folder: str, upstream: str, port: str, rules: str) -> None:
    import aiohttp
    from aiohttp import web
    from microburst import forward
    from microburst.app import make_app
    from microburst.core.pipeline import Microburst
    from yarl import URL

    # It drops the length of every response, which is all that a HEAD of an object is asked for; and it changes host
    # and path of requests, which clients sign.
    forward.HOP_BY_HOP = forward.HOP_BY_HOP - {"content-length"}
    outbound = forward.Upstream._outbound_headers
    forward.Upstream._outbound_headers = lambda self, request: outbound(self, request) | {"host": request.host}
    setattr(aiohttp.ClientSession, "_build_url", lambda _self, url: URL(url, encoded=True))  # noqa: B010 - is typed

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(folder) / "server.pem", Path(folder) / "server.key")
    app = make_app(Microburst(upstream, rules=json.loads(rules)))
    web.run_app(app, host="127.0.0.1", port=int(port), ssl_context=context, print=None)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
