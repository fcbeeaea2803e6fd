"""What is ours, and what a sweeper gives back."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra.names import STACKS, deployment_name, deployment_tags, is_tagged, stack_name
from ops.aws.account import Client
from ops.pricing.amount import FREE, Amount
from ops.teardown.leaks.prices import Prices

_STACK_TAG: Final = "aws:cloudformation:stack-name"
CLUSTER_TAG: Final = "aws:elasticmapreduce:job-flow-id"
"""Tag that EMR puts on the instances and volumes of a cluster."""


@dataclass(frozen=True)
class Claim:
    """Why something is ours.

    Parameters
    ----------
    why
        The reason, for people: ``tagged project=fruits, environment=demo``.
    stack
        The stack in CloudFormation that it says it belongs to, whether or not that still exists.
    """

    why: str
    stack: str | None = None


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Something of ours that exists.

    Parameters
    ----------
    kind, id
        What it is, and how AWS calls it.
    claim
        Why it is ours.
    monthly
        What it costs a month.
    command
        Command that removes it.
    detail
        What else to know of it: how much lies in it, when AWS will delete it.
    kept
        Whether AWS keeps it, for free, with nothing to be done about it.
    shared
        Whether other deployments of the account use it, so that it is not ours alone to remove.
    """

    kind: str
    id: str
    claim: Claim
    command: str
    monthly: Amount = FREE
    detail: str = ""
    kept: bool = False
    shared: bool = False

    @property
    def stack(self) -> str | None:
        """The stack that it is, or says it belongs to."""
        return self.id if self.kind == "stack" else self.claim.stack

    @property
    def free(self) -> bool:
        """Whether it costs nothing."""
        return self.monthly.free

    @property
    def billable(self) -> bool:
        """Whether it is on our bill, or may be."""
        return not (self.free or self.kept or self.shared)

    def row(self) -> dict[str, Any]:
        """Return it as JSON-able facts."""
        return {
            "kind": self.kind,
            "id": self.id,
            "stack": self.stack,
            "why": self.claim.why,
            "detail": self.detail,
            "command": self.command,
            "monthly_usd": None if self.monthly.unknown else self.monthly.usd,
            "shared": self.shared,
        }


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What belongs to one environment in one region of an account.

    Parameters
    ----------
    env, region, account
        Names of the environment and region, and number of the account.
    prices
        What things cost.
    clusters
        Ids of its EMR clusters, live and ended.
    networks
        Ids of its VPCs.
    tagged
        ARNs of what carries its tags, as the tag index of the account has them, with the stack that they name.
    """

    env: str
    region: str
    account: str
    prices: Prices
    clusters: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    tagged: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What cluster, budget and Studio are called."""
        return deployment_name(self.env)

    def aws(self, command: str) -> str:
        """Complete a command of `aws` with the region, which the user's own may differ from."""
        return f"aws {command} --region {self.region}"

    def by_tags(self, tags: Mapping[str, str]) -> Claim | None:
        """Claim what carries the tags of the deployment, of one of its stacks or of one of its clusters."""
        stack = tags.get(_STACK_TAG)
        ours = stack if stack and self._is_stack(stack) else None
        if is_tagged(tags, self.env):
            return Claim(self._tagged, ours)
        if ours:
            return Claim(f"tagged {_STACK_TAG}={ours}", ours)
        cluster = tags.get(CLUSTER_TAG)
        return Claim(f"tagged {CLUSTER_TAG}={cluster}") if cluster in self.clusters else None

    def by_name(self, name: str, *, usual: str | None = None) -> Claim | None:
        """Claim what is called as the deployment, or as something that one of its stacks has named.

        Parameters
        ----------
        name
            Name of the thing.
        usual
            Stack, as `cdk` calls it, in which something of the deployment's own name usually is.
        """
        if name in {self.name, self.name.replace("-", "_")}:
            return Claim("named as ours", stack_name(usual, self.env) if usual else None)
        stack = re.match(rf"({'|'.join(STACKS)})-{self.env}(?![a-z0-9])", name, re.IGNORECASE)
        return Claim("named as ours", self._spelled(stack[1])) if stack else None

    def by_arn(self, arn: str) -> Claim | None:
        """Claim what the tag index of the account has under the tags of the deployment."""
        if arn not in self.tagged:
            return None
        return Claim(self._tagged, self.tagged[arn])

    def by_network(self, network: str | None) -> Claim | None:
        """Claim what lies in a VPC of the deployment."""
        return Claim(f"in {network}") if network in self.networks else None

    def by_cluster(self, cluster: str) -> Claim | None:
        """Claim what belongs to a cluster of the deployment."""
        return Claim(f"of cluster {cluster}") if cluster in self.clusters else None

    @property
    def _tagged(self) -> str:
        return "tagged " + ", ".join(f"{key}={value}" for key, value in deployment_tags(self.env).items())

    def _is_stack(self, name: str) -> bool:
        stack, _, env = name.rpartition("-")
        return env == self.env and stack in STACKS

    def _spelled(self, stack: str) -> str:
        """Return a stack's name as CloudFormation writes it; buckets have it in small letters."""
        return next(stack_name(name, self.env) for name in STACKS if name.lower() == stack.lower())


@dataclass(frozen=True)
class Sweeper:
    """One question to one service.

    Parameters
    ----------
    what
        It asks for, in the plural: ``EBS volumes``.
    find
        Asks, and picks what is ours.
    services
        Services that it asks, by their names in boto3.
    once
        Whether the service is the same in all regions.
    """

    what: str
    find: Callable[[Client, Scope], Iterable[Leftover]]
    services: tuple[str, ...]
    once: bool = False


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Read tags as most services list them."""
    return {tag["Key"]: tag.get("Value", "") for tag in listed or ()}


def pages(client: Any, operation: str, result: str, **given: Any) -> Iterable[Mapping[str, Any]]:
    """Return the items of all pages of an answer, one after the other."""
    for page in client.get_paginator(operation).paginate(**given):
        yield from page.get(result) or ()
