"""What a phase is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ops.beliefs.belief import Phase
from ops.verify.findings import Check
from ops.verify.workspace import Environment, Workspace


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A phase, with what is done in it and what is seen by that.

    Parameters
    ----------
    phase
        Environment.
    minutes
        How long it takes on AWS, about.
    act
        Does it, and keeps what AWS answers.
    checks
        By numbers of beliefs.
    needs
        Phases without which it cannot be.
    environment
        Whose cluster it is about; none for what is about neither.
    builds
        Whether it makes what has to be destroyed.
    """

    phase: Phase
    minutes: int
    act: Callable[[Workspace], None]
    checks: Mapping[int, Check] = field(default_factory=dict)
    needs: tuple[Phase, ...] = ()
    environment: Environment | None = None
    builds: bool = True
