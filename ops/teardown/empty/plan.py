"""What would be deleted, and whether it may be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.names import deployment_tags, is_tagged
from ops.aws.account import Client, asking
from ops.aws.clusters import live_clusters
from ops.aws.deployment import DeployedStack, Deployment, NoDeployment
from ops.aws.s3.contents import Contents, count_contents
from ops.aws.templates import deployed_template, held_by
from ops.errors import FruitsError

STORAGE: Final = "FruitsStorage"
_ORDER: Final = ("DataBucket", "CodeBucket", "", "LogBucket")
"""Outputs that name buckets; the logs are emptied last, since deleting elsewhere is logged there."""


class DataKept(FruitsError):
    """Data may not be deleted; the message says why and what would change that."""


@dataclass(frozen=True)
class Part:
    """A bucket, or a folder of one, and what lies in it."""

    bucket: str
    prefix: str
    contents: Contents

    def __str__(self) -> str:
        """Return its URI."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True)
class EmptyingPlan:
    """What would be deleted.

    Parameters
    ----------
    bucket
        Name that has to be given for it to happen: of the data bucket.
    parts
        Buckets or folders, in the order of deletion.
    """

    bucket: str
    parts: Sequence[Part]

    @property
    def contents(self) -> Contents:
        """What lies in all parts together."""
        return sum((part.contents for part in self.parts), Contents())


def plan_emptying(client: Client, deployment: Deployment, *, prefix: str | None = None) -> EmptyingPlan:
    """Plan to empty the buckets of a deployment, or one folder of the data bucket.

    Raises
    ------
    NoDeployment
        If there are no buckets.
    DataKept
        If the deployed setting keeps data, or a cluster uses it.
    AwsRefused
        If AWS cannot be asked.
    """
    stack = _storage(deployment)
    require_removable(client, stack)
    plan = plan_buckets(client, stack) if prefix is None else plan_folder(client, stack, prefix)
    require_unused(client, deployment.env, [part.bucket for part in plan.parts])
    return plan


def plan_buckets(client: Client, stack: DeployedStack) -> EmptyingPlan:
    """Plan to empty the buckets that a stack still holds, whoever uses them."""
    buckets = sorted(buckets_of(client, stack.name), key=lambda name: _ORDER.index(_role(stack, name)))
    return EmptyingPlan(
        stack.outputs.get("DataBucket", buckets[0] if buckets else ""),
        [_part(client, bucket, "") for bucket in buckets],
    )


def plan_folder(client: Client, stack: DeployedStack, prefix: str) -> EmptyingPlan:
    """Plan to empty a folder of the data bucket."""
    data = stack.outputs.get("DataBucket")
    if data is None:
        raise NoDeployment(f"{stack.name} is {stack.status} and names no data bucket; deploy it again: cdk deploy")
    return EmptyingPlan(data, [_part(client, data, prefix)])


def buckets_of(client: Client, stack: str) -> list[str]:
    """Return the buckets that a stack still holds."""
    return held_by(client, stack, "AWS::S3::Bucket")


def plan_orphan(client: Client, deployment: Deployment, bucket: str, *, removable: bool) -> EmptyingPlan:
    """Plan to empty a bucket that no stack holds any more, and that carries the tags of the deployment.

    Parameters
    ----------
    client, deployment
        Where.
    bucket
        Its name.
    removable
        The setting ``remove_data``, which for want of a stack is the one given with the command.

    Raises
    ------
    DataKept
        If it is not ours, or a stack holds it, or it is to be kept, or a cluster uses it.
    AwsRefused
        If AWS cannot be asked.
    """
    env = deployment.env
    with asking(f"read the tags of {bucket}"):
        tags = {tag["Key"]: tag["Value"] for tag in client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]}
    if not is_tagged(tags, env):
        wanted = " and ".join(f"{key}={value}" for key, value in deployment_tags(env).items())
        raise DataKept(f"{bucket} does not carry the tags {wanted}, so it is not of this environment")
    stack = deployment.stacks.get(STORAGE)
    if stack and bucket in buckets_of(client, stack.name):
        raise DataKept(f"{bucket} belongs to {STORAGE}-{env}; empty that: fruits empty -c env={env}")
    if not removable:
        raise DataKept(
            f"remove_data is not true, so {bucket} is kept; to delete what lies in it add -c remove_data=true"
        )
    require_unused(client, env, [bucket])
    return EmptyingPlan(bucket, [_part(client, bucket, "")])


def require_removable(client: Client, stack: DeployedStack) -> None:
    """Check the first confirmation: what is deployed has to say that data may go.

    Raises
    ------
    DataKept
        If it says that data is kept.
    """
    template = deployed_template(client, stack.name)
    kept = [name for name, resource in _buckets(template) if resource.get("DeletionPolicy") != "Delete"]
    if stack.protected or kept:
        raise DataKept(
            f"{stack.name} is deployed with remove_data=false, so its data is kept; to be allowed to delete it:"
            f" cdk deploy {STORAGE} -c env={stack.name.rpartition('-')[2]} -c remove_data=true"
        )


def require_unused(client: Client, env: str, buckets: Sequence[str]) -> None:
    """Refuse while a cluster may read or write the buckets.

    Raises
    ------
    DataKept
        If there is one.
    """
    for cluster in live_clusters(client):
        if cluster.is_of(env) or any(cluster.logs_to(bucket) for bucket in buckets):
            raise DataKept(
                f"cluster {cluster.id} ({cluster.name}) is {cluster.state} and uses {buckets[0]}; wait for its end,"
                f" or end it: fruits destroy --stack FruitsCompute -c env={env}"
            )


def _part(client: Client, bucket: str, prefix: str) -> Part:
    with asking(f"list {bucket}"):
        return Part(bucket, prefix, count_contents(client("s3"), bucket, prefix=prefix))


def _storage(deployment: Deployment) -> DeployedStack:
    if STORAGE not in deployment.stacks:
        raise NoDeployment(
            f"{STORAGE}-{deployment.env} is not deployed in {deployment.region}, so there is nothing to empty;"
            f" look for what is left: fruits leaks -c env={deployment.env}"
        )
    return deployment.stacks[STORAGE]


def _role(stack: DeployedStack, bucket: str) -> str:
    return next((name for name in _ORDER if name and stack.outputs.get(name) == bucket), "")


def _buckets(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::S3::Bucket":
            yield name, resource
