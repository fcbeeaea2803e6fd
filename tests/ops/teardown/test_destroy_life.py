"""Destroying by the CDK alone: refused, kept or complete, as `docs/stacks.md` says."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk, CdkFailed
from ops.aws.deployment import find_deployment
from ops.aws.s3.contents import Contents
from ops.teardown.empty.deletion import delete_all
from ops.teardown.empty.plan import EmptyingPlan, Part
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.inventory import inventory
from rehearsal.node.reports import NodeReports
from rehearsal.scenario.teardown import explain_leftovers

if TYPE_CHECKING:
    from types_boto3_emr.literals import ClusterStateType

pytestmark = [pytest.mark.server, pytest.mark.long]

BUCKETS = ("DataBucket", "LogBucket", "CodeBucket")


@dataclass(frozen=True)
class Account:
    """An embedded AWS of its own, bootstrapped, with nothing deployed."""

    aws: EmbeddedAws
    client: Client
    blank: frozenset[str]
    bootstrapped: frozenset[str]

    def cdk(self, app: Path) -> Cdk:
        return Cdk(app, self.aws.environment())

    def stacks(self) -> set[str]:
        return set(find_deployment(self.client, env="demo", region=self.aws.region).stacks)

    def buckets(self) -> dict[str, str]:
        deployment = find_deployment(self.client, env="demo", region=self.aws.region)
        return {name: deployment.output("FruitsStorage", name) for name in BUCKETS}

    def fill(self) -> None:
        """Put objects, several versions and a marker of deletion into the buckets, and begin an upload."""
        s3 = self.client("s3")
        for bucket in self.buckets().values():
            for content in (b"first", b"second"):
                s3.put_object(Bucket=bucket, Key="images/Fig/1.jpg", Body=content)
            s3.put_object(Bucket=bucket, Key="images/Fig/2.jpg", Body=b"hidden")
            s3.delete_object(Bucket=bucket, Key="images/Fig/2.jpg")
            s3.create_multipart_upload(Bucket=bucket, Key="images/Fig/3.jpg")

    def unexpected(self) -> list[str]:
        _, unexpected = explain_leftovers(blank=self.blank, bootstrapped=self.bootstrapped, left=inventory(self.client))
        return unexpected


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of all tests; each leaves it with nothing deployed."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as aws:
        client = clients_of(aws)
        blank = inventory(client)
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        yield Account(aws, client, blank, inventory(client))


def _empty_all(account: Account, buckets: Iterable[str]) -> int:
    parts = [Part(bucket, "", Contents()) for bucket in buckets]
    return delete_all(account.client, EmptyingPlan("", parts))


def test_kept_data_is_refused_and_stays_whole(account: Account, synthesise: Callable[..., Path]) -> None:
    kept, removable = synthesise(), synthesise(remove_data="true")
    account.cdk(kept).deploy()
    account.fill()
    buckets = account.buckets()
    with pytest.raises(CdkFailed, match=r"TerminationProtection|termination protection"):
        account.cdk(kept).destroy()
    assert account.stacks() == {"FruitsStorage"}
    s3 = account.client("s3")
    assert s3.get_object(Bucket=buckets["DataBucket"], Key="images/Fig/1.jpg")["Body"].read() == b"second"
    assert len(s3.list_object_versions(Bucket=buckets["DataBucket"])["Versions"]) == 3

    account.cdk(removable).deploy("FruitsStorage")
    _empty_all(account, buckets.values())
    account.cdk(removable).destroy()
    assert account.unexpected() == []


def test_removable_data_is_not_deleted_before_its_buckets_are_emptied(
    account: Account, synthesise: Callable[..., Path]
) -> None:
    removable = synthesise(remove_data="true")
    account.cdk(removable).deploy()
    account.fill()
    buckets = account.buckets()
    with pytest.raises(CdkFailed, match="not empty"):
        account.cdk(removable).destroy()
    assert account.stacks() == {"FruitsStorage"}
    found = account.client("s3").list_object_versions(Bucket=buckets["DataBucket"])
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (3, 1)

    _empty_all(account, buckets.values())
    account.cdk(removable).destroy()
    assert account.unexpected() == []


def test_after_a_failed_deploy_everything_can_be_destroyed(account: Account, synthesise: Callable[..., Path]) -> None:
    removable = synthesise(remove_data="true")
    reports = NodeReports(account.aws)
    reports.choose_launch("fail")
    try:
        with pytest.raises(CdkFailed, match="BOOTSTRAP_FAILURE"):
            account.cdk(removable).deploy()
    finally:
        reports.choose_launch("launch")
    assert account.stacks() == {"FruitsStorage", "FruitsNetwork", "FruitsGuard", "FruitsCompute"}
    assert _states(account, "TERMINATED_WITH_ERRORS") == 1

    _empty_all(account, account.buckets().values())
    account.cdk(removable).destroy()
    assert account.unexpected() == []


def _states(account: Account, state: "ClusterStateType") -> int:
    clusters: list[Any] = account.client("emr").list_clusters(ClusterStates=[state])["Clusters"]
    return len(clusters)


def test_emptying_deletes_more_than_one_request_can(account: Account) -> None:
    s3 = account.client("s3")
    region: Any = account.aws.region  # stubs know literal names alone
    s3.create_bucket(Bucket="full", CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(251):  # a listing of 1,000 ends between versions of one object
        for _ in range(2):
            s3.put_object(Bucket="full", Key="a", Body=b"")
            s3.delete_object(Bucket="full", Key="a")
    assert _empty_all(account, ["full"]) == 1_004
    s3.delete_bucket(Bucket="full")
