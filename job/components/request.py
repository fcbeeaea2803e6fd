"""What a run is asked for: all that decides its components and projections beside photographs and backbone."""

from dataclasses import dataclass

from job.components.splits import SplitRule
from job.storage.locations import Location
from job.storage.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Request:
    """What decides the results of a run; its name is a hash of this, too.

    Parameters
    ----------
    images
        Root of the photographs.
    variance
        Share of the variance that the components keep, above 0 and up to 1; None where `components` is given.
    components
        Number of components; None where `variance` is given.
    splits
        Which photographs fit the probe, and which score it.
    csv
        Whether the projections are exported as CSV, too.
    trial
        Which of the photographs; None for all.
    """

    images: Location
    variance: float | None
    components: int | None
    splits: SplitRule
    csv: bool
    trial: Trial | None = None
