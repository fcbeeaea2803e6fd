"""How a command ends: the exit codes, and the errors that people are meant to read."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of a command says; docs/commands.md has the table, and which command adds a meaning."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


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


class WrongUsage(FruitsError):
    """Something was not given that has to be, or cannot be given like that."""

    exit_code = ExitCode.USAGE
