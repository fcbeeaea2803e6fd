"""What a row of the table is."""

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """When `fruits verify` looks; the value is for people."""

    FACTS = "facts"
    DEPLOY = "deploy"
    TRANSIENT = "transient"
    INTERACTIVE = "interactive"
    PROBE = "probe"
    AGAIN = "again"
    LOGS = "logs"
    LIFETIME = "lifetime"
    DESTROY = "destroy"
    LEAKS = "leaks"
    BY_HAND = "by hand"


class Danger(Enum):
    """What a wrong belief could do; the value is the heading of its rows."""

    FIRST_RUN = "What could stop a first run"
    LATER = "What could cost, or fail later"
    AROUND = "Around it"


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Something that follows from documents, schemas or the rehearsal, and not from a deployment to AWS.

    Parameters
    ----------
    number
        By which it is quoted; it stays when rows move.
    belief
        What is believed.
    unknown
        What nobody knows of it.
    phase
        When `fruits verify` looks.
    shown_by
        The command that shows it, for people.
    """

    number: int
    belief: str
    unknown: str
    phase: Phase
    shown_by: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What was such a belief, and a document of AWS has settled.

    Parameters
    ----------
    number
        See `Belief`.
    known
        What is known now.
    source
        The document.
    """

    number: int
    known: str
    source: str
