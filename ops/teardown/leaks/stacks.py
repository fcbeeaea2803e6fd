"""CloudFormation's stacks, and what carries our tags in services that no other sweeper asks."""

from collections.abc import Iterator
from typing import Final

from infra.names import deployment_tags
from ops.aws.account import Client
from ops.pricing.amount import Amount
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper, pages, tags_of

_ASKED: Final = (
    *("budgets", "cloudformation", "cloudwatch", "elasticmapreduce", "events", "glue"),
    *("iam", "kms", "logs", "s3", "sns", "states"),
)
_ASKED_OF_EC2: Final = (
    *("elastic-ip", "instance", "internet-gateway", "natgateway", "network-interface", "route-table"),
    *("security-group", "snapshot", "subnet", "volume", "vpc", "vpc-endpoint"),
    # These bill nothing: the instances that they stand for do.
    *("fleet", "launch-template", "security-group-rule", "spot-instances-request"),
)


def tagged_arns(client: Client, scope: Scope) -> dict[str, str | None]:
    """Ask the tag index of the account for all that carries the tags of a deployment, with the stack it names."""
    wanted = [{"Key": key, "Values": [value]} for key, value in deployment_tags(scope.env).items()]
    found = {}
    for item in pages(client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList", TagFilters=wanted):
        claim = scope.by_tags(tags_of(item["Tags"]))
        found[item["ResourceARN"]] = claim.stack if claim else None
    return found


def _stacks(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("cloudformation"), "describe_stacks", "Stacks"):
        name = item["StackName"]
        claim = scope.by_name(name) or scope.by_tags(tags_of(item.get("Tags")))
        if claim and item["StackStatus"] != "DELETE_COMPLETE":
            yield Leftover(
                kind="stack",
                id=name,
                claim=claim,
                command=scope.aws(f"cloudformation delete-stack --stack-name {name}"),
                detail=item["StackStatus"],
            )


def _others(_client: Client, scope: Scope) -> Iterator[Leftover]:
    for arn in sorted(scope.tagged):
        service, what = _kind(arn)
        if service in _ASKED or (service == "ec2" and what in _ASKED_OF_EC2):
            continue
        claim = scope.by_arn(arn)
        assert claim is not None
        yield Leftover(
            kind=f"{service} {what}".strip(),
            id=arn,
            claim=claim,
            monthly=Amount(missing=frozenset({arn})),
            command=f"# no command is known here: remove {arn} with aws {service}",
            detail="found by its tags alone; the tag index may lag behind a deletion",
        )


def _kind(arn: str) -> tuple[str, str]:
    _, _, service, _, _, resource = arn.split(":", 5)
    what = resource.replace(":", "/")
    return service, what.partition("/")[0] if "/" in what else ""


SWEEPERS: Final = (
    Sweeper("stacks", _stacks, ("cloudformation",)),
    Sweeper("other tagged resources", _others, ()),
)
