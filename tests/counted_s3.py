"""An S3 server behind a door that counts each request as AWS bills it, and lets deletions fall if it is told to."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

FREE: Final = "free"
"""What is deleted costs nothing, be it one object or a thousand by one POST (Amazon S3 pricing)."""

_HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "keep-alive"})


class CountedS3:
    """A server that hands on to another one what it is asked for.

    Parameters
    ----------
    endpoint
        Address of the server behind.
    """

    def __init__(self, endpoint: str) -> None:
        self.behind = urlsplit(endpoint).netloc
        self.counts: Counter[str] = Counter()
        self.deletions_to_cut = 0
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self.port}"


def billed_as(method: str, path: str) -> str:
    """Say in which row of the price list a request is: ``list``, ``get``, ``put`` or `FREE`."""
    url = urlsplit(path)
    if method == "DELETE" or (method == "POST" and "delete" in parse_qs(url.query, keep_blank_values=True)):
        return FREE
    if method == "GET" and not url.path.strip("/").partition("/")[2]:
        return "list"
    return {"GET": "get", "HEAD": "get", "PUT": "put", "POST": "put"}[method]


@contextmanager
def counted_s3(endpoint: str) -> Iterator[CountedS3]:
    """Serve until the block ends."""
    counted = CountedS3(endpoint)
    with _Server(counted) as server:
        counted.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield counted
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, counted: CountedS3) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counted = counted


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self) -> None:
        super().setup()
        self._behind = http.client.HTTPConnection(self.server.counted.behind)

    def finish(self) -> None:
        self._behind.close()
        super().finish()

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        row = billed_as(self.command, self.path)
        self.server.counted.counts[row] += 1
        if row == FREE and self.server.counted.deletions_to_cut:
            self.server.counted.deletions_to_cut -= 1
            self.close_connection = True  # without an answer
            return
        self._behind.request(self.command, self.path, body, dict(self.headers))
        answer = self._behind.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    def do_DELETE(self) -> None:
        self._hand_on()

    def do_GET(self) -> None:
        self._hand_on()

    def do_HEAD(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def do_PUT(self) -> None:
        self._hand_on()

    def log_message(self, *_: object) -> None:
        """Say nothing: `CountedS3.counts` has it."""
