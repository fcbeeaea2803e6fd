"""One session: a driver of its own, and the statements it is given."""

import contextlib
import json
import queue
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from rehearsal.livy.interpreter import Output

Clock = Callable[[], float]

_LOOKS_EVERY_SECONDS: Final = 0.2
_LOG_LINES: Final = 100
_ENDS_WITHIN_SECONDS: Final = 10


class Session:
    """A session, which is ``starting``, ``idle``, ``busy`` or ``dead``.

    Parameters
    ----------
    number
        Its id.
    request
        As it came: ``kind``, ``name``, ``conf``.
    folder
        Where it may put its socket and its log.
    submit
        Command that runs a driver; options and its arguments follow.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, number: int, request: Mapping[str, Any], folder: Path, submit: Sequence[str], clock: Clock
    ) -> None:
        self.number = number
        self.state = "starting"
        self.application: str | None = None
        self.statements: list[dict[str, Any]] = []
        self.last_activity = clock()
        self._request = request
        self._clock = clock
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._log = folder / f"session-{number}.log"
        self._place = folder / f"session-{number}.socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._place))
        self._listener.listen()
        self._listener.settimeout(_LOOKS_EVERY_SECONDS)
        with self._log.open("wb") as log:
            self._driver = subprocess.Popen(
                [*submit, *self._options(), str(Path(__file__).with_name("driver.py")), str(self._place)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._thread = threading.Thread(target=self._serve, name=f"session {number}", daemon=True)
        self._thread.start()

    def shown(self) -> dict[str, Any]:
        """Return it as Livy does."""
        return {
            "id": self.number,
            "name": self._request.get("name"),
            "kind": self._request.get("kind"),
            "appId": self.application,
            "appInfo": {"driverLogUrl": None, "sparkUiUrl": None},
            "owner": None,
            "proxyUser": None,
            "state": self.state,
            "log": self.log(),
        }

    def log(self) -> list[str]:
        """Return the last lines of its driver's log."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]

    def execute(self, code: str) -> dict[str, Any]:
        """Take a statement; it waits until those before it have ended."""
        statement = {"id": len(self.statements), "code": code, "state": "waiting", "output": None, "progress": 0.0}
        self.last_activity = self._clock()
        self.statements.append(statement)
        self._waiting.put(statement)
        return statement

    def end(self) -> None:
        """End its driver, and wait for that."""
        self.state = "shutting_down"
        self._waiting.put(None)
        self._driver.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._driver.wait(_ENDS_WITHIN_SECONDS)
        self._driver.kill()
        self._thread.join(_ENDS_WITHIN_SECONDS)

    def _options(self) -> list[str]:
        settings = {"spark.app.name": self._request.get("name") or f"livy-session-{self.number}"}
        settings |= self._request.get("conf") or {}
        return [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]

    def _serve(self) -> None:
        try:
            with self._connected() as connection, connection.makefile("rw", encoding="utf-8") as lines:
                self.application = json.loads(lines.readline())["application"]
                self.state = "idle"
                while statement := self._waiting.get():
                    self._run(statement, lines)
        except (OSError, ValueError):  # the driver has ended: its log says why
            pass
        finally:
            self.state = "dead"
            self._listener.close()
            self._place.unlink(missing_ok=True)

    def _connected(self) -> socket.socket:
        """Wait for the driver to call, or to end."""
        while self._driver.poll() is None:
            with contextlib.suppress(TimeoutError):
                return self._listener.accept()[0]
        raise ConnectionError(f"the driver of session {self.number} ended with code {self._driver.returncode}")

    def _run(self, statement: dict[str, Any], lines: TextIO) -> None:
        self.state, statement["state"] = "busy", "running"
        print(json.dumps(statement["code"]), file=lines, flush=True)
        output: Output = json.loads(lines.readline())
        self.last_activity = self._clock()
        self.state = "idle"
        statement |= {"output": output, "progress": 1.0, "state": "available"}
