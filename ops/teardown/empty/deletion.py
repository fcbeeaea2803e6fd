"""Deletion of what a plan names; may be repeated after any failure."""

from collections.abc import Callable, Sequence
from typing import Final

from ops.aws.account import AwsRefused, Client, asking
from ops.aws.s3.deletion import delete_versions
from ops.teardown.empty.plan import EmptyingPlan

_SHOWN: Final = 3


class DeletionFailed(AwsRefused):
    """S3 has kept some of it; the message names the first and the reason."""


def delete_all(client: Client, plan: EmptyingPlan, progress: Callable[[int], None] = lambda done: None) -> int:
    """Delete what a plan names, and whatever has come since.

    Parameters
    ----------
    client
        Clients of the account.
    plan
        Plan from `ops.teardown.empty.plan`.
    progress
        Called with the number of entries deleted so far.

    Returns
    -------
    int
        Number of entries deleted.

    Raises
    ------
    DeletionFailed
        If S3 has kept some of it. All else is deleted; doing it again deletes the rest.
    AwsRefused
        If S3 cannot be asked.
    """
    done = 0
    errors: list[str] = []
    for part in plan.parts:
        with asking(f"delete what lies in {part}"):
            for deleted, refused in delete_versions(client("s3"), part.bucket, part.prefix):
                done += deleted
                errors += refused
                progress(done)
    if errors:
        raise DeletionFailed(kept_sentence(errors))
    return done


def kept_sentence(errors: Sequence[str]) -> str:
    """Return what S3 has kept, and what to do."""
    more = f" and {len(errors) - _SHOWN:,} more" if len(errors) > _SHOWN else ""
    return (
        f"S3 has kept {len(errors):,} of the entries, all others are deleted: {'; '.join(errors[:_SHOWN])}{more};"
        " mend that and run the same command again"
    )
