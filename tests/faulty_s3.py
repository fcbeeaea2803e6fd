"""S3 as far as its refusals go, in the words of the API reference and of AWS's users: over TLS, by its host names."""

import base64
import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from rehearsal.embedded.certificate import make_certificate

_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:\.(?P<region>[a-z0-9-]+))?\.amazonaws\.com")
_SIGNED = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")


class Refusal(NamedTuple):
    """An answer of S3 that is an error."""

    status: int
    code: str
    message: str


ARCHIVED = Refusal(403, "InvalidObjectState", "The operation is not valid for the object's storage class")
KEY_DENIED = Refusal(
    403,
    "AccessDenied",
    "User: arn:aws:sts::111122223333:assumed-role/Nodes/i-1 is not authorized to perform: kms:Decrypt on the resource"
    " associated with this ciphertext because no identity-based policy allows the kms:Decrypt action",
)
REQUESTER_PAYS = Refusal(403, "AccessDenied", "Access Denied")
_NO_KEY = Refusal(404, "NoSuchKey", "The specified key does not exist.")
_NO_BUCKET = Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
_ELSEWHERE = Refusal(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint.",
)
_UNCHECKED = Refusal(
    400,
    "InvalidRequest",
    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
)
_BAD_DIGEST = Refusal(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")


@dataclass
class Bucket:
    """A bucket: where it is, what is in it, and which of its objects are refused."""

    region: str = "eu-west-3"
    objects: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    locked: bool = False


@dataclass
class FaultyS3:
    """A running server: its buckets, its port, and the requests it has had as method, host, path and status."""

    folder: Path
    buckets: dict[str, Bucket] = field(default_factory=dict)
    port: int = 0
    requests: list[tuple[str, str, str, int]] = field(default_factory=list)

    @property
    def authority(self) -> Path:
        """The certificate that clients have to trust."""
        return self.folder / "authority.pem"


@contextmanager
def faulty_s3(folder: Path) -> Iterator[FaultyS3]:
    """Serve until the block ends."""
    make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    s3 = FaultyS3(folder)
    with _Server(s3) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        s3.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield s3
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, s3: FaultyS3) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.s3 = s3

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        host = _HOST.fullmatch(self.headers["Host"])
        assert host is not None, self.headers["Host"]
        url = urlsplit(self.path)
        name, key = host["bucket"], unquote(url.path[1:])
        if name is None:
            name, _, key = key.partition("/")
        bucket = self.server.s3.buckets.get(name)
        signed = _SIGNED.search(self.headers.get("Authorization", ""))
        if bucket is None:
            self._refuse(_NO_BUCKET)
        elif {host["region"] or "us-east-1", signed[1] if signed else ""} != {bucket.region}:
            self._refuse(_ELSEWHERE, region=bucket.region)
        elif not key:
            self._list(bucket, dict(parse_qsl(url.query, keep_blank_values=True)))
        elif self.command == "PUT":
            self._put(bucket, key)
        else:
            self._get(bucket, key)

    def _get(self, bucket: Bucket, key: str) -> None:
        if key in bucket.refusals or key not in bucket.objects:
            self._refuse(bucket.refusals.get(key, _NO_KEY))
            return
        content = bucket.objects[key]
        self._answer(200, content, ETag=_etag(content), **{"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})

    def _put(self, bucket: Bucket, key: str) -> None:
        checksum = self.headers.get("x-amz-checksum-sha256")
        if bucket.locked and not checksum:
            self._refuse(_UNCHECKED)
        elif checksum and base64.b64decode(checksum) != hashlib.sha256(self._body).digest():
            self._refuse(_BAD_DIGEST)
        else:
            bucket.objects[key] = self._body
            self._answer(200, ETag=_etag(self._body))

    def _list(self, bucket: Bucket, query: dict[str, str]) -> None:
        items = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
            f"<ETag>{escape(_etag(content))}</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(bucket.objects.items())
            if key.startswith(query.get("prefix", ""))
        )
        text = f"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{items}"
        found = f"<ListBucketResult>{text}</ListBucketResult>"
        self._answer(200, found.encode(), **{"x-amz-bucket-region": bucket.region})

    def _refuse(self, refusal: Refusal, region: str = "") -> None:
        headers = {"x-amz-bucket-region": region} if region else {}
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refusal.code}</Code>'
            f"<Message>{escape(refusal.message)}</Message><RequestId>0A1B2C</RequestId></Error>"
        )
        self._answer(refusal.status, text.encode(), **{"Content-Type": "application/xml", **headers})

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.server.s3.requests.append((self.command, self.headers["Host"], self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: `FaultyS3.requests` has it."""


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
