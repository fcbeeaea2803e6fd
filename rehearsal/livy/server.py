"""Livy's REST calls, as sparkmagic makes them: `python -m rehearsal.livy.server --port PORT ... -- SUBMIT`.

Source of the calls: Livy's documentation, "REST API".
"""

import argparse
import contextlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from rehearsal.livy.session import Clock, Session

OPEN: Final = "open-session"
"""File that is there while a session is open: for Livy that is an application on YARN, which keeps a cluster busy."""

_CHECKED_EVERY_SECONDS: Final = 0.5
_log = logging.getLogger("livy")
Answer = tuple[int, Mapping[str, Any]]


class Sessions:
    """All sessions of a server.

    Parameters
    ----------
    folder
        For what they write.
    submit
        Command that runs a driver.
    timeout
        Seconds without a new statement or the end of one, after which a session is ended:
        ``livy.server.session.timeout``.
    skip_busy
        Whether those are kept that are at work: ``livy.server.session.timeout-check.skip-busy``. Livy's default ends a
        session in the midst of a long statement.
    start
        Makes a session.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        folder: Path,
        submit: Sequence[str],
        *,
        timeout: float,
        skip_busy: bool,
        start: Callable[..., Any] = Session,
        clock: Clock = time.monotonic,
    ) -> None:
        self._folder = folder
        self._submit = submit
        self._timeout = timeout
        self._skip_busy = skip_busy
        self._start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[int, Any] = {}
        self._next = 0

    def add(self, request: Mapping[str, Any]) -> Any:
        """Open a session."""
        with self._lock:
            session = self._start(self._next, request, self._folder, self._submit, self._clock)
            self._open[self._next] = session
            self._next += 1
            (self._folder / OPEN).touch()
        return session

    def get(self, number: int) -> Any:
        """Return a session.

        Raises
        ------
        KeyError
            If it was never there or has ended.
        """
        return self._open[number]

    def all(self) -> list[Any]:
        """Return those that are open, the oldest first."""
        return list(self._open.values())

    def end(self, number: int) -> None:
        """End a session."""
        with self._lock:
            self._open[number].end()
            del self._open[number]
            if not self._open:
                (self._folder / OPEN).unlink()

    def end_abandoned(self) -> None:
        """End those that nobody has used for too long."""
        for session in self.all():
            kept = session.state == "starting" or (self._skip_busy and session.state == "busy")
            if not kept and self._clock() - session.last_activity > self._timeout:
                _log.info("ending session %s, inactive for more than %.0f s", session.number, self._timeout)
                with contextlib.suppress(KeyError):  # somebody has ended it meanwhile
                    self.end(session.number)


def answer(sessions: Sessions, method: str, path: str, content: Mapping[str, Any]) -> Answer:
    """Answer a call; what is not there is a 404."""
    for wanted, pattern, function in _CALLS:
        found = re.fullmatch(pattern, path)
        if found and method == wanted:
            try:
                return function(sessions, content, *map(int, found.groups()))
            except (KeyError, IndexError):
                return 404, {"msg": f"Session or statement of {path} not found."}
    return 404, {"msg": f"This stand-in for Livy does not know {method} {path}."}


def _list(sessions: Sessions, _content: Mapping[str, Any]) -> Answer:
    shown = [session.shown() for session in sessions.all()]
    return 200, {"from": 0, "total": len(shown), "sessions": shown}


def _open_session(sessions: Sessions, content: Mapping[str, Any]) -> Answer:
    if content.get("kind") != "pyspark":
        return 400, {"msg": f"sessions of the kind {content.get('kind')!r} are not played here; accepted: 'pyspark'"}
    return 201, sessions.add(content).shown()


def _show(sessions: Sessions, _content: Mapping[str, Any], number: int) -> Answer:
    return 200, sessions.get(number).shown()


def _show_log(sessions: Sessions, _content: Mapping[str, Any], number: int) -> Answer:
    lines = sessions.get(number).log()
    return 200, {"id": number, "from": 0, "total": len(lines), "log": lines}


def _end(sessions: Sessions, _content: Mapping[str, Any], number: int) -> Answer:
    sessions.end(number)
    return 200, {"msg": "deleted"}


def _execute(sessions: Sessions, content: Mapping[str, Any], number: int) -> Answer:
    return 201, sessions.get(number).execute(content["code"])


def _statement(sessions: Sessions, _content: Mapping[str, Any], number: int, statement: int) -> Answer:
    return 200, sessions.get(number).statements[statement]


def _cancel(_sessions: Sessions, _content: Mapping[str, Any], _number: int, _statement: int) -> Answer:
    return 200, {"msg": "canceled"}


_CALLS: Final[tuple[tuple[str, str, Callable[..., Answer]], ...]] = (
    ("GET", "/sessions", _list),
    ("POST", "/sessions", _open_session),
    ("GET", r"/sessions/(\d+)", _show),
    ("DELETE", r"/sessions/(\d+)", _end),
    ("GET", r"/sessions/(\d+)/log", _show_log),
    ("POST", r"/sessions/(\d+)/statements", _execute),
    ("GET", r"/sessions/(\d+)/statements/(\d+)", _statement),
    ("POST", r"/sessions/(\d+)/statements/(\d+)/cancel", _cancel),
)


class _Handler(BaseHTTPRequestHandler):
    sessions: Sessions

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        pass  # sparkmagic asks several times a second

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = json.loads(self.rfile.read(length) or b"{}")
        code, found = answer(self.sessions, method, self.path.partition("?")[0], content)
        body = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Play Livy.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--skip-busy", action="store_true")
    parser.add_argument("submit", nargs="+")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    os.chdir(given.folder)  # names of sockets are short: they are relative to it
    Path(OPEN).unlink(missing_ok=True)
    sessions = Sessions(Path(), given.submit, timeout=given.timeout, skip_busy=given.skip_busy)
    handler = type("Handler", (_Handler,), {"sessions": sessions})
    threading.Thread(target=_end_abandoned_for_ever, args=[sessions], daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", given.port), handler).serve_forever()


def _end_abandoned_for_ever(sessions: Sessions) -> None:
    while True:
        time.sleep(_CHECKED_EVERY_SECONDS)
        sessions.end_abandoned()


if __name__ == "__main__":
    main()
