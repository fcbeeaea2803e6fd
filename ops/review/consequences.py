"""What a change means to people: how bad it is, where, and why, in a sentence."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad a consequence is, the worst last."""

    NOTE = 0
    WARNING = 1
    DESTRUCTIVE = 2


class Verdict(IntEnum):
    """What a review comes to; its numbers are the exit codes of `fruits review`."""

    NOTHING = 0
    DIFFERENCES = 1
    DESTRUCTIVE = 2


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """Something that whoever approves a change has to know.

    Parameters
    ----------
    level
        How bad it is.
    subject
        What it is about: ``cluster``, ``data``, ``rights``, ``network``, ``cost``, ``region``, ``rules``,
        ``deployment``.
    where
        Stack and resource.
    text
        The sentence.
    """

    level: Level
    subject: str
    where: str
    text: str
