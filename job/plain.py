"""Arguments in ASCII: the one alphabet that arrives whatever the locale of spark-submit's JVM is.

Under ``LC_ALL=C`` or ``POSIX``, as a step or a cron job may have it, Java reads each byte of ``é`` as a question mark.
Whoever calls spark-submit therefore sends an argument with other letters as RFC 8187 writes them in headers: its UTF-8,
percent-encoded, behind ``UTF-8''``. So ``--train-folder Entraînement`` becomes
``--train-folder UTF-8''Entra%C3%AEnement``.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from job.errors import JobError

_MARK: Final = "UTF-8''"
_LOST: Final = re.compile(r"\?\?|[\ufffd\ud800-\udfff]")
"""What is left of other letters: two bytes or more of each were read as no character."""


def sent(arguments: Iterable[str]) -> tuple[str, ...]:
    """Return arguments as spark-submit is to get them; those in ASCII stay as they are."""
    return tuple(map(_encoded, arguments))


def received(arguments: Iterable[str]) -> list[str]:
    """Return arguments as they were meant.

    Raises
    ------
    JobError
        For one that has lost letters on its way: what it names is not what was meant.
    """
    return list(map(_decoded, arguments))


def _encoded(argument: str) -> str:
    option, value = _divided(argument)
    if value.isascii() and not value.startswith(_MARK) and not _LOST.search(value):
        return argument
    return f"{option}{_MARK}{quote(value, safe='/:=+@ ', errors='surrogateescape')}"


def _decoded(argument: str) -> str:
    option, value = _divided(argument)
    try:
        if value.startswith(_MARK):
            return option + unquote(value.removeprefix(_MARK), errors="strict")
    except UnicodeDecodeError as error:
        raise JobError(f"the argument {argument!r} is not UTF-8 ({error.reason}); name a folder that is") from error
    if _LOST.search(value):
        raise JobError(
            f"the argument {argument!r} has lost letters on its way here, in a locale that is not UTF-8; set"
            f" LC_ALL=C.UTF-8, or percent-encode it: {_MARK}p%C3%AAche"
        )
    return argument


def _divided(argument: str) -> tuple[str, str]:
    """Divide ``--option=value`` behind the equals sign; anything else is all value."""
    option, sign, value = argument.partition("=")
    return (option + sign, value) if sign and option.startswith("--") else ("", argument)
