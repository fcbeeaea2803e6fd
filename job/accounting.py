"""No photograph is lost: each one listed is in features or in quarantine, and some are in features."""

import pyarrow as pa

from job.errors import JobError
from job.storage.index import Index
from job.storage.locations import Location


def account_for_all(index: Index, images: Location, photographs: pa.Table) -> None:
    """Check that each photograph of a listing has an entry after its featurization.

    Raises
    ------
    RuntimeError
        With an example; it would be a fault of this program.
    """
    lost = ~(index.featurized | index.quarantined)
    if lost.any():
        example = images.child(photographs["path"][int(lost.argmax())].as_py()).uri
        raise RuntimeError(
            f"{int(lost.sum())} of {len(lost)} photographs are neither in features nor in quarantine, such as"
            f" {example}; run again, and report this if it happens twice"
        )


def require_features(index: Index) -> None:
    """Check that there is something to compute components of.

    Raises
    ------
    JobError
        With the reasons for which photographs are in quarantine.
    """
    if not index.selections:
        first = index.quarantine.slice(0, 1).to_pylist()[0]
        raise JobError(
            f"no photograph could be used, all {len(index.featurized)} are in quarantine: {index.reasons},"
            f" such as {first['uri']}: {first['detail']}"
        )
