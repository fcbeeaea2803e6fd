"""Credentials of roles that outlive the process, as those of AWS do; ministack forgets them at each start."""

from collections.abc import Mapping
from typing import Any

from rehearsal.embedded import vanilla


def install() -> None:
    """Save and restore what STS has given out, with the state of the other services."""
    sts = vanilla.sts

    def save() -> dict[str, Any]:
        return {"sessions": dict(sts._sessions)}

    def restore(data: Mapping[str, Any] | None) -> None:
        sts._sessions.update((data or {}).get("sessions", {}))

    sts.get_state, sts.load_persisted_state = save, restore
