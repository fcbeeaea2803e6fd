"""State saved on the way, at little cost: a killed process loses seconds, not everything since its start."""

import asyncio
import json
import logging
import shlex
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rehearsal.embedded import vanilla

Application = Callable[[Any, Any, Any], Awaitable[None]]

_PAUSE_SECONDS: Final = 2.0
_LONGEST_PAUSE_SECONDS: Final = 5.0
_SHARE: Final = 0.05
"""Of its time that the process may spend on saving."""
_AT_WORK_SECONDS: Final = 30.0
"""After a call that changes something: what it has set off may go on for so long."""

_AT_REST_SECONDS: Final = 60.0
"""Between two saves while nothing is called but questions; timers may change something all the same."""

_QUESTIONS: Final = ("Describe", "List", "Get", "Head", "Lookup")
_last: dict[str, float] = {"change": 0.0, "save": 0.0}
_log = logging.getLogger("persistence")
_saved: dict[str, str] = {}


class Damaged(Exception):
    """A saved state cannot be read; the message names its file."""


def require_whole_states() -> None:
    """Refuse to start with a state that cannot be read: ministack would go on without it, and so save nothing of it.

    Raises
    ------
    Damaged
        If there is one.
    """
    folder = Path(vanilla.persistence.STATE_DIR)
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            raise Damaged(
                f"{path}, all that is known of the service {path.stem}, is damaged ({error}); begin anew:"
                f" fruits aws down --delete --folder {shlex.quote(str(folder.parent))}"
            ) from None


def noticing(application: Application) -> Application:
    """Have an ASGI application tell of calls that may change something."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if not _is_question(scope):
            _last["change"] = time.monotonic()
        await application(scope, receive, send)

    return wrapped


def _is_question(scope: Mapping[str, Any]) -> bool:
    """Return whether a call only asks; one whose action is in its body may do anything."""
    target = dict(scope.get("headers", ())).get(b"x-amz-target", b"").decode("latin-1")
    return scope.get("method") in ("GET", "HEAD") or target.rpartition(".")[2].startswith(_QUESTIONS)


async def save_now_and_then() -> None:
    """Save all services every two to five seconds, the more rarely the longer it takes; once a minute if all rests."""
    _log.setLevel(logging.WARNING)  # it tells of every file
    pause = _PAUSE_SECONDS
    while True:
        await asyncio.sleep(pause)
        if _is_due():
            began = time.process_time()
            save()
            pause = min(max(_PAUSE_SECONDS, (time.process_time() - began) / _SHARE), _LONGEST_PAUSE_SECONDS)


def _is_due() -> bool:
    now = time.monotonic()
    return now - _last["change"] < _AT_WORK_SECONDS or now - _last["save"] > _AT_REST_SECONDS


def save() -> None:
    """Save all services."""
    _last["save"] = time.monotonic()
    vanilla.app.save_all(vanilla.app._build_persistence_save_dict())


def _save_state(service: str, data: Mapping[str, Any]) -> None:
    """Write the state of a service as ministack does, in its format, if it is another one than last time.

    Most services do not change between two saves; and `json.dumps` is written in C, where `json.dump` is not.
    """
    try:
        wrapped = {"__ministack_format__": vanilla.persistence._state_format_version(service), "payload": data}
        content = json.dumps(wrapped, default=vanilla.persistence._json_default)
        if _saved.get(service) == content:
            return
        path = Path(vanilla.persistence.STATE_DIR) / f"{service}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".json.tmp")
        partial.write_text(content, encoding="utf-8")
        partial.replace(path)
        _saved[service] = content
    except Exception:
        _log.exception("cannot save the state of %s", service)


def install() -> None:
    """Replace how a service is saved."""
    vanilla.persistence.save_state = _save_state
