"""S3: our buckets and what lies in them, and the bucket that the CDK uploads to."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ops.aws.account import AccessDenied, Client, asking
from ops.aws.s3.contents import count_contents
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


def _contents(s3: Any, bucket: str, scope: Scope) -> tuple[str, float | None]:
    try:
        with asking(f"list {bucket}"):
            contents = count_contents(s3, bucket, most=_MOST_VERSIONS)
    except AccessDenied:
        return "what lies in it could not be listed: access denied", None
    if contents.empty:
        return "empty", 0.0
    price = scope.prices.objects(contents.gib, scope.region)
    return str(contents), price if contents.complete else None


SWEEPERS: Final = (
    Sweeper("buckets", _own_buckets, ("s3",)),
    Sweeper("the CDK's assets", _assets, ("s3",)),
)
