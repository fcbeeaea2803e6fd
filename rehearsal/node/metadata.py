"""The instance metadata service, version 2 alone: what a node of EC2 knows of itself."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.node.credentials import InstanceCredentials, RoleRefused

_TOKEN_PATH: Final = "/latest/api/token"
_LONGEST_TOKEN_SECONDS: Final = 21_600  # EC2 user guide, "Use IMDSv2"
_CREDENTIALS: Final = "/latest/meta-data/iam/security-credentials/"


class MetadataService:
    """Serves until closed.

    Parameters
    ----------
    credentials
        Of the instance role.
    facts
        Answers by their paths, such as ``/latest/meta-data/instance-id``.
    listening
        A listening socket, which belongs to the service from then on; a new one on 127.0.0.1 unless given.
    """

    def __init__(
        self, credentials: InstanceCredentials, facts: Mapping[str, str], listening: socket.socket | None = None
    ) -> None:
        self._server = _Server(credentials, facts, listening or socket.create_server(("127.0.0.1", 0)))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="metadata", daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        host, port = self._server.socket.getsockname()
        return f"http://{host}:{port}"

    def close(self) -> None:
        """Stop, and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def facts_of(*, instance_id: str, zone: str, region: str, account: str) -> dict[str, str]:
    """Return what EC2 tells an instance of itself, by path."""
    document = {"accountId": account, "availabilityZone": zone, "instanceId": instance_id, "region": region}
    return {
        "/latest/meta-data/instance-id": instance_id,
        "/latest/meta-data/placement/availability-zone": zone,
        "/latest/meta-data/placement/region": region,
        "/latest/dynamic/instance-identity/document": json.dumps({**document, "version": "2017-09-30"}),
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, credentials: InstanceCredentials, facts: Mapping[str, str], listening: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.credentials = credentials
        self.facts = facts
        self.tokens: dict[str, float] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_PUT(self) -> None:
        """Give a token for so many seconds."""
        if "Content-Length" in self.headers:
            self.rfile.read(int(self.headers["Content-Length"]))
        asked = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != _TOKEN_PATH:
            self._answer(404)
        elif "X-Forwarded-For" in self.headers:
            self._answer(403)
        elif not asked.isdigit() or not 1 <= int(asked) <= _LONGEST_TOKEN_SECONDS:
            self._answer(400)
        else:
            token = secrets.token_urlsafe(40)
            self.server.tokens[token] = time.monotonic() + int(asked)
            self._answer(200, token, {"X-aws-ec2-metadata-token-ttl-seconds": asked})

    def do_GET(self) -> None:
        """Answer whoever has a token."""
        token = self.headers.get("X-aws-ec2-metadata-token", "")
        if self.server.tokens.get(token, 0.0) < time.monotonic():
            self._answer(401)
        elif self.path in self.server.facts:
            self._answer(200, self.server.facts[self.path])
        elif self.path.startswith(_CREDENTIALS.rstrip("/")):
            self._give_credentials(self.path.removeprefix(_CREDENTIALS.rstrip("/")).strip("/"))
        else:
            self._answer(404)

    def _give_credentials(self, role: str) -> None:
        credentials = self.server.credentials
        try:
            known = credentials.role_name()
            if not role:
                self._answer(200, known)
            elif role == known:
                self._answer(200, json.dumps(credentials.document()))
            else:
                self._answer(404)
        except RoleRefused as error:
            self._answer(200, json.dumps({"Code": "AssumeRoleUnauthorizedAccess", "Message": str(error)}))
        except (BotoCoreError, ClientError):
            self._answer(503)  # AWS is away, or the profile is gone; clients ask again

    def _answer(self, status: int, text: str = "", headers: Mapping[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: nobody reads it."""
