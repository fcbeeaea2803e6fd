"""How a command ends: the exit codes, and the errors that people are meant to read."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """What the exit code of a command says; docs/commands.md has what that is for each command."""

    meaning: str

    OK = 0, "done, or nothing found"
    FAILED = 1, "failed, or found what the command looks for"
    USAGE = 2, "wrong usage, a wrong setting, or a confirmation that is missing; nothing was done"
    INCOMPLETE = 3, "not everything could be asked"
    INTERRUPTED = 130, "interrupted"  # as shells have it: 128 and the number of SIGINT

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a code that knows what it means."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class FruitsError(Exception):
    """Something that a person can act on.

    Parameters
    ----------
    message
        One line where possible: what was wrong, with which value, what is accepted, and the next action.
    exit_code
        How a command ends that this ends; that of the class unless given.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, exit_code: ExitCode | None = None) -> None:
        super().__init__(message)
        if exit_code is not None:
            self.exit_code = exit_code


class Declined(FruitsError):
    """Somebody was asked, and said no: what the message says is no error."""


class WrongUsage(FruitsError):
    """Something was not given that has to be, or cannot be given like that."""

    exit_code = ExitCode.USAGE
