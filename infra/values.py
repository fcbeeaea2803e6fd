"""Values as people write them on a command line: durations, comma-separated names, folders of a bucket."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _not_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("it is a truth value")  # noqa: TRY004 - pydantic reports ValueError
    return value


def _seconds(value: Any) -> Any:
    written = re.fullmatch(r"(\d+)\s*([smhd])", value) if isinstance(value, str) else None
    return int(written[1]) * _UNITS[written[2]] if written else _not_boolean(value)


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _folder(value: Any) -> Any:
    return value.rstrip("/") + "/" if isinstance(value, str) and value else value


Integer = Annotated[int, BeforeValidator(_not_boolean)]
"""A whole number; true and false, which Python counts among them, are not."""

Seconds = Annotated[int, BeforeValidator(_seconds)]
"""A duration in seconds, written as a number or with a unit: ``900``, ``15m``, ``2h``, ``7d``."""

Names = Annotated[tuple[str, ...], BeforeValidator(_comma_separated)]
"""Names, separated by commas."""

Prefix = Annotated[
    str,
    BeforeValidator(_folder),
    StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*/)+$", max_length=512),
]
"""A folder in a bucket, written with or without the slash at its end; kept with it."""

Folder = Annotated[str, StringConstraints(pattern=r"^[^\s/-][^/]*$")]
"""Name of a folder; a dash in front would make it an option of the job."""
