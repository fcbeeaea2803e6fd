"""KMS keys."""

from collections.abc import Iterator
from typing import Final

from ops.aws.account import Client
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper, pages


def _keys(client: Client, scope: Scope) -> Iterator[Leftover]:
    """Find keys by the tag index: keys of others may refuse to be looked at."""
    kms = client("kms")
    for listed in pages(kms, "list_keys", "Keys"):
        claim = scope.by_arn(listed["KeyArn"])
        if not claim:
            continue
        key = kms.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]
        going = key["KeyState"] == "PendingDeletion"
        day = f", deleted on {key['DeletionDate']:%Y-%m-%d}" if going and "DeletionDate" in key else ""
        yield Leftover(
            kind="KMS key pending deletion" if going else "KMS key",
            id=key["KeyId"],
            claim=claim,
            monthly=0.0 if going else scope.prices.key(scope.region),
            command=scope.aws(f"kms schedule-key-deletion --key-id {key['KeyId']} --pending-window-in-days 7"),
            detail=f"{key.get('Description', '')}{day}".strip(", "),
            kept=going,
        )


SWEEPERS: Final = (Sweeper("KMS keys", _keys, ("kms",)),)
