"""What a phase is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ops.beliefs.belief import Phase
from ops.verify.scene import Scene, Which
from ops.verify.seen import Check


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A phase, with what is done in it and what is seen by that.

    Parameters
    ----------
    phase
        Which.
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
    act: Callable[[Scene], None]
    checks: Mapping[int, Check] = field(default_factory=dict)
    needs: tuple[Phase, ...] = ()
    environment: Which | None = None
    builds: bool = True
