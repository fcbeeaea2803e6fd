"""What goes, in which order, what stays and why, and what runs meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.names import STACKS, stack_name
from ops.aws.account import Client, asking
from ops.aws.clusters import Cluster, live_clusters
from ops.aws.deployment import DeployedStack, find_deployment
from ops.aws.place import Place
from ops.aws.templates import deployed_template
from ops.errors import FruitsError
from ops.pricing.amount import Amount
from ops.pricing.from_templates import footprint_of_templates
from ops.pricing.price import Price, price
from ops.pricing.price_book import PriceBook
from ops.teardown.empty.plan import STORAGE, EmptyingPlan, plan_buckets, require_removable

# What a stack waits for, whether or not CloudFormation knows: a guard goes after what it guards.
_AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "FruitsGuard": ("FruitsCompute",),
    "FruitsBudget": ("FruitsCompute",),
    "FruitsNetwork": ("FruitsCompute", "FruitsNotebook"),
    STORAGE: ("FruitsCompute", "FruitsNotebook", "FruitsNetwork"),
}


class StackInUse(FruitsError):
    """A stack of somebody else imports from one of ours; the message names both."""


@dataclass(frozen=True)
class Target:
    """A stack that is to go.

    Parameters
    ----------
    stack
        The stack as it is deployed.
    client
        Clients of its region.
    after
        Stacks, by their names in CloudFormation, that have to be gone before.
    """

    stack: DeployedStack
    client: Client = field(repr=False)
    after: frozenset[str]


@dataclass(frozen=True)
class DestructionPlan:
    """What goes and what stays.

    Parameters
    ----------
    env, region
        The environment, and the deployment's own region.
    client
        Clients of that region.
    targets
        Stacks that go, in an order in which they can.
    kept
        Stacks that stay, by their names in CloudFormation, with the reason.
    clusters
        Clusters of the deployment that run and are to end.
    emptying
        What is deleted in the buckets before they go, None if nothing may be.
    hour, month
        What these stacks cost while their cluster runs, and while nothing runs.
    """

    env: str
    region: str
    client: Client = field(repr=False)
    targets: Sequence[Target]
    kept: Mapping[str, str]
    clusters: Sequence[Cluster]
    emptying: EmptyingPlan | None
    hour: Amount
    month: Amount

    @property
    def anything(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.targets or self.clusters)


def plan_destruction(place: Place, *, names: Sequence[str], data: bool) -> DestructionPlan:
    """Plan to destroy stacks, and those that depend on them.

    Parameters
    ----------
    place
        Environment and account.
    names
        Stacks as `cdk` calls them; all but the one with the data if there are none.
    data
        Whether the data goes, too.

    Raises
    ------
    DataKept
        If data is to go that the deployed setting keeps.
    StackInUse
        If a stack of somebody else needs one of these.
    AwsRefused
        If AWS cannot be asked.
    """
    env, region = place.settings.env, place.settings.region
    deployed: dict[str, tuple[DeployedStack, Client]] = {}
    for where in place.regions():
        client = place.clients(where)
        for stack in find_deployment(client, env=env, region=where).stacks.values():
            deployed.setdefault(stack.name, (stack, client))
    users = {name: _users(stack, client, set(deployed)) for name, (stack, client) in deployed.items()}
    asked = {stack_name(name, env) for name in names or [name for name in STACKS if name != STORAGE or data]}
    going = _with_users(asked & set(deployed), users)
    targets = [Target(*deployed[name], after=frozenset(users[name] & going)) for name in _ordered(going, users)]
    emptying = None
    if (name := stack_name(STORAGE, env)) in going:
        storage, _ = deployed[name]
        require_removable(place.client, storage)
        emptying = plan_buckets(place.client, storage)
    ends = not names or going & {stack_name(name, env) for name in ("FruitsCompute", "FruitsNetwork", STORAGE)}
    cost = _cost(targets, region)
    return DestructionPlan(
        env=env,
        region=region,
        client=place.client,
        targets=targets,
        kept={name: _reason(stack) for name, (stack, _) in deployed.items() if name not in going},
        clusters=[cluster for cluster in live_clusters(place.client) if cluster.is_of(env)] if ends else [],
        emptying=emptying,
        hour=cost.hour,
        month=cost.month_at_rest,
    )


def _cost(targets: Sequence[Target], region: str) -> Price:
    templates = {target.stack.name: deployed_template(target.client, target.stack.name) for target in targets}
    return price(footprint_of_templates(templates, region), PriceBook.load())


def _users(stack: DeployedStack, client: Client, ours: set[str]) -> set[str]:
    """Return the stacks that need a stack: those that import from it, and those that it waits for."""
    env = stack.name.removeprefix(f"{stack.stack}-")
    waits = {stack_name(name, env) for name in _AFTER.get(stack.stack, ())} & ours
    importing = set(_importing(stack, client))
    if others := sorted(importing - ours):
        raise StackInUse(
            f"{stack.name} cannot be destroyed: {', '.join(others)} belongs to another application and imports from it;"
            " destroy that first"
        )
    return waits | importing


def _importing(stack: DeployedStack, client: Client) -> Iterator[str]:
    cloudformation = client("cloudformation")
    with asking(f"list what imports from {stack.name}"):
        for page in cloudformation.get_paginator("list_exports").paginate():
            for export in page["Exports"]:
                if f":stack/{stack.name}/" in export["ExportingStackId"]:
                    yield from _imports(cloudformation, export["Name"])


def _imports(cloudformation: Any, export: str) -> list[str]:
    try:
        pages = cloudformation.get_paginator("list_imports").paginate(ExportName=export)
        return [name for page in pages for name in page["Imports"]]
    except ClientError as error:
        if "is not imported by any stack" in error.response["Error"].get("Message", ""):
            return []
        raise


def _with_users(names: set[str], users: Mapping[str, set[str]]) -> set[str]:
    going = set(names)
    while more := {user for name in going for user in users[name]} - going:
        going |= more
    return going


def _ordered(names: set[str], users: Mapping[str, set[str]]) -> list[str]:
    ordered: list[str] = []
    remaining = sorted(names)
    while remaining:
        ready = [name for name in remaining if not users[name] & set(remaining)]
        ordered += ready
        remaining = [name for name in remaining if name not in ready]
    return ordered


def _reason(stack: DeployedStack) -> str:
    if stack.stack == STORAGE:
        return "photographs, results and logs are kept"
    return "not asked for"
