"""The end: buckets emptied, stacks destroyed, and a look at what is left."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rehearsal.scenario.stages import StageFailed, Tell

_AT_ONCE: Final = 1_000
"""Most versions that one request deletes."""

_KEPT: Final[Mapping[str, str]] = {
    "emr cluster TERMINATED ": "ended clusters: EMR lists them for two months, free",
    "emr cluster TERMINATED_WITH_ERRORS ": "failed clusters: EMR lists them for two months, free",
    "kms key PendingDeletion ": "disk keys: deleted after their waiting time of 7 days, free until then",
    "kms key AWS ": "AWS's own key of S3: free",
    "service-linked role AWSServiceRoleForEC2Spot": "EC2's own role of Spot: one for an account, free",
}
"""What AWS keeps after a destroy, by how its line in the inventory begins."""


def empty_bucket(s3: Any, bucket: str, tell: Tell) -> int:
    """Delete all objects of a bucket, with their versions, markers and unfinished uploads; give how many.

    Raises
    ------
    StageFailed
        If S3 does not delete one.
    """
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for item in page.get("Uploads", ()):
            s3.abort_multipart_upload(Bucket=bucket, Key=item["Key"], UploadId=item["UploadId"])
    deleted = 0
    # From the start each time: where a listing would go on has just been deleted.
    while items := _some_versions(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": items, "Quiet": True})
        for error in answer.get("Errors", ()):
            raise StageFailed(f"cannot delete {error['Key']} of {bucket}: {error['Code']} {error['Message']}")
        deleted += len(items)
        tell(f"{deleted:,} objects of {bucket} deleted")
    return deleted


def _some_versions(s3: Any, bucket: str) -> list[dict[str, str]]:
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=_AT_ONCE)
    items = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in items]


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
    strangers: list[str] = []
    for item in sorted(left):
        reason = _reason(item, blank, bootstrapped)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            strangers.append(item)
    return reasons, strangers


def _reason(item: str, blank: set[str], bootstrapped: set[str]) -> str:
    if item in blank:
        return "default network: an account has it from its start"
    if item in bootstrapped:
        return "made by cdk bootstrap: it serves every later deployment of the account"
    return next((reason for start, reason in _KEPT.items() if item.startswith(start)), "")
