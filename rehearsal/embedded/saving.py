"""State saved on the way, at little cost: a killed process loses seconds, not everything since its start."""

import asyncio
import json
import logging
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rehearsal.embedded import vanilla

_PAUSE_SECONDS: Final = 2.0
_LONGEST_PAUSE_SECONDS: Final = 5.0
_SHARE: Final = 0.05
"""Of its time that the process may spend on saving."""
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


async def save_now_and_then() -> None:
    """Save all services every two to five seconds, the more rarely the longer it takes."""
    _log.setLevel(logging.WARNING)  # it tells of every file
    pause = _PAUSE_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = time.process_time()
        save()
        pause = min(max(_PAUSE_SECONDS, (time.process_time() - began) / _SHARE), _LONGEST_PAUSE_SECONDS)


def save() -> None:
    """Save all services."""
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
