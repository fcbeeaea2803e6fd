"""A look at what is left when everything was destroyed."""

from collections.abc import Iterable, Mapping
from typing import Final

_KEPT: Final[Mapping[str, str]] = {
    "emr cluster TERMINATED ": "ended clusters, which EMR lists for two months, free",
    "emr cluster TERMINATED_WITH_ERRORS ": "failed clusters, which EMR lists for two months, free",
    "kms key PendingDeletion ": "disk keys, deleted after their waiting time of 7 days, free until then",
    "kms key AWS ": "AWS's own key of S3, free",
    "service-linked role AWSServiceRoleForEC2Spot": "EC2's own role of Spot, one for an account, free",
}
"""What AWS keeps after a destroy, by how its line in the inventory begins."""


def explain_leftovers(
    *, blank: Iterable[str], bootstrapped: Iterable[str], left: Iterable[str]
) -> tuple[dict[str, int], list[str]]:
    """Sort what is left after a destroy into what AWS keeps, and what should not be there.

    Parameters
    ----------
    blank
        Inventory of the account before anything was done.
    bootstrapped
        After `cdk bootstrap`, and before the stacks.
    left
        After everything was destroyed.

    Returns
    -------
    tuple
        How many things are kept for each reason; those without a reason.
    """
    blank, bootstrapped = set(blank), set(bootstrapped)
    reasons: dict[str, int] = {}
    unexpected: list[str] = []
    for item in sorted(left):
        reason = _reason(item, blank, bootstrapped)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            unexpected.append(item)
    return reasons, unexpected


def _reason(item: str, blank: set[str], bootstrapped: set[str]) -> str:
    if item in blank:
        return "parts of the default network, which every account has"
    if item in bootstrapped:
        return "made by cdk bootstrap, for all deployments of the account"
    return next((reason for start, reason in _KEPT.items() if item.startswith(start)), "")
