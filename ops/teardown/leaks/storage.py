"""What keeps data: buckets, the bucket that the CDK uploads to, keys, databases."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ops.aws.account import AccessDenied, Client, asking
from ops.aws.s3.contents import count_contents
from ops.pricing.amount import FREE, Amount
from ops.teardown.leaks.scope import Claim, Leftover, Scope, Sweeper, pages

_MOST_VERSIONS: Final = 20_000
"""A bucket is counted up to here: twenty requests."""

_ASSETS: Final = r"cdk-[a-z0-9]+-assets-{account}-{region}"


def _own_buckets(client: Client, scope: Scope) -> Iterator[Leftover]:
    s3 = client("s3")
    tagged = {arn.rpartition(":::")[2]: arn for arn in scope.tagged if ":s3:::" in arn}
    for bucket in pages(s3, "list_buckets", "Buckets"):
        name = bucket["Name"]
        claim = scope.by_name(name) or (scope.by_arn(tagged[name]) if name in tagged else None)
        if claim and bucket.get("BucketRegion", scope.region) == scope.region:
            detail, monthly = _contents(s3, name, scope)
            yield Leftover(
                kind="bucket",
                id=name,
                claim=claim,
                monthly=monthly,
                command=f"fruits empty --bucket {name} -c env={scope.env} -c region={scope.region}"
                f" -c remove_data=true && aws s3api delete-bucket --bucket {name}",
                detail=detail,
            )


def _assets(client: Client, scope: Scope) -> Iterator[Leftover]:
    s3 = client("s3")
    for bucket in pages(s3, "list_buckets", "Buckets"):
        name = bucket["Name"]
        if re.fullmatch(_ASSETS.format(account=scope.account, region=scope.region), name):
            detail, monthly = _contents(s3, name, scope)
            yield Leftover(
                kind="CDK assets",
                id=name,
                claim=Claim("what the CDK uploads"),
                monthly=monthly,
                command=f"npx cdk gc --unstable=gc aws://{scope.account}/{scope.region}",
                detail=detail,
                shared=True,
            )


def _contents(s3: Any, bucket: str, scope: Scope) -> tuple[str, Amount]:
    try:
        with asking(f"list {bucket}"):
            contents = count_contents(s3, bucket, most=_MOST_VERSIONS)
    except AccessDenied:
        return "what lies in it could not be listed: access denied", Amount(missing=frozenset({bucket}))
    if contents.empty:
        return "empty", FREE
    uncounted = Amount(missing=frozenset() if contents.complete else frozenset({f"more of {bucket}"}))
    return str(contents), scope.prices.objects(contents.gib, scope.region) + uncounted


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
            monthly=FREE if going else scope.prices.key(scope.region),
            command=scope.aws(f"kms schedule-key-deletion --key-id {key['KeyId']} --pending-window-in-days 7"),
            detail=f"{key.get('Description', '')}{day}".strip(", "),
            kept=going,
        )


def _databases(client: Client, scope: Scope) -> Iterator[Leftover]:
    glue = client("glue")
    for item in pages(glue, "get_databases", "DatabaseList"):
        name = item["Name"]
        arns = (arn for arn in scope.tagged if arn.endswith(f":database/{name}") and ":glue:" in arn)
        if claim := scope.by_name(name, usual="FruitsStorage") or next(map(scope.by_arn, arns), None):
            tables = sum(1 for _ in pages(glue, "get_tables", "TableList", DatabaseName=name))
            yield Leftover(
                kind="Glue database",
                id=name,
                claim=claim,
                # free: an account's first million of tables and versions cost nothing
                command=scope.aws(f"glue delete-database --name {name}"),
                detail=f"{tables} tables",
            )


SWEEPERS: Final = (
    Sweeper("buckets", _own_buckets, ("s3",)),
    Sweeper("the CDK's assets", _assets, ("s3",)),
    Sweeper("KMS keys", _keys, ("kms",)),
    Sweeper("Glue databases", _databases, ("glue",)),
)
