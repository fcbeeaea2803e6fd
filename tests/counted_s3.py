"""An S3 server behind a door that counts each request as AWS bills it, and fails as it is told to."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

FREE: Final = "free"
"""What is deleted costs nothing, be it one object or a thousand by one POST (Amazon S3 pricing)."""

Fault = Literal["unheard", "unanswered", "slow-down", "cut", "emptied", "replaced"]
"""What goes wrong with a request: it does not arrive; its answer does not; the server asks to be spared; the body ends
in its middle, or is empty, or is an error page, as if all were well."""

_SLOW_DOWN: Final = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_PAGE: Final = b"<html><body>502 Bad Gateway</body></html>"
_HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "keep-alive"})


class CountedS3:
    """A server that hands on to another one what it is asked for.

    Parameters
    ----------
    endpoint
        Address of the server behind.

    Attributes
    ----------
    counts
        Requests by their row in the price list.
    fault
        Chooses what goes wrong with a request, by its row.
    faults
        What has gone wrong.
    """

    def __init__(self, endpoint: str) -> None:
        self.behind = urlsplit(endpoint).netloc
        self.counts: Counter[str] = Counter()
        self.fault: Callable[[str], Fault | None] = lambda _: None
        self.faults: Counter[Fault] = Counter()
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self.port}"


def billed_as(method: str, path: str) -> str:
    """Return in which row of the price list a request is: ``list``, ``get``, ``put`` or `FREE`."""
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
        counted, row = self.server.counted, billed_as(self.command, self.path)
        counted.counts[row] += 1
        fault = counted.fault(row)
        if fault:
            counted.faults[fault] += 1
        if fault == "unheard":
            self.close_connection = True  # without an answer
        elif fault == "slow-down":
            self._send(503, [("Content-Type", "application/xml")], _SLOW_DOWN)
        else:
            self._behind.request(self.command, self.path, body, dict(self.headers))
            self._answer(self._behind.getresponse(), fault)

    def _answer(self, answer: http.client.HTTPResponse, fault: Fault | None) -> None:
        content, headers = answer.read(), answer.getheaders()
        if fault == "unanswered":
            self.close_connection = True
        elif fault == "replaced":
            self._send(200, [("Content-Type", "text/html")], _PAGE)
        elif fault == "emptied":
            self._send(answer.status, headers, b"")
        elif fault == "cut":
            self._send(answer.status, headers, content[: len(content) // 2], length=len(content))
            self.close_connection = True
        else:
            length = int(answer.getheader("Content-Length", "0")) if self.command == "HEAD" else len(content)
            self._send(answer.status, headers, content, length=length)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {*_HOP_BY_HOP, "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
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
