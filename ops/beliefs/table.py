"""The table: all beliefs by danger, what documents have settled, and what an account has shown."""

from collections.abc import Mapping, Sequence
from typing import Final

from ops.beliefs.around import AROUND
from ops.beliefs.belief import Belief, Danger
from ops.beliefs.first_run import FIRST_RUN
from ops.beliefs.later import LATER
from ops.beliefs.verdicts import Verdicts

BELIEFS: Final[Mapping[Danger, Sequence[Belief]]] = {
    Danger.FIRST_RUN: FIRST_RUN,
    Danger.LATER: LATER,
    Danger.AROUND: AROUND,
}
"""By danger, the most dangerous first."""

BY_NUMBER: Final[Mapping[int, Belief]] = {row.number: row for rows in BELIEFS.values() for row in rows}


def unseen(verdicts: Verdicts) -> dict[Danger, list[Belief]]:
    """Return the beliefs that no account has confirmed or refuted."""
    return {danger: [row for row in rows if row.number not in verdicts] for danger, rows in BELIEFS.items()}
