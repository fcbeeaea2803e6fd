"""Who may do more after a deployment: roles, and the policies of buckets, keys, topics and endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.templates import as_list
from ops.review.names import Names, Sides
from ops.review.policies import EVERYBODY, Conditions, Grant, documents, grants, reaching_further
from ops.review.stacks import Template
from ops.review.texts import without_hashes

_ENDPOINT: Final = "AWS::EC2::VPCEndpoint"
_IDENTITIES: Final = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_ATTACHED: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
# The property by which a policy of a resource names it.
_GUARDED: Final = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}

MANAGED_POLICY: Final = "the managed policy "
"""How an action begins that stands for all that a managed policy allows."""


@dataclass(frozen=True)
class Holder:
    """Holder of rights, or what the rights are to.

    Parameters
    ----------
    stack
        Name of the stack in CloudFormation.
    name
        Its name for people: ``Nodes/Role``, ``Storage/Data``.
    kind
        ``identity`` (what it may do), ``trust`` (who may become it), ``resource`` (who may use it), ``endpoint``
        (what may pass).
    """

    stack: str
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Widening:
    """A right that is new, or reaches further than before.

    Parameters
    ----------
    holder
        Whose.
    how
        ``added``, ``widened`` or ``no longer denied``.
    principals, actions, resources
        All combinations of these; principals are empty in the policy of an identity.
    conditions
        Under which it applies.
    new_holder
        Whether the holder itself is new.
    """

    holder: Holder
    how: str
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    new_holder: bool

    @property
    def wide(self) -> bool:
        """Whether it deserves a look even where everything is new: wildcards, and principals from outside."""
        if self.how == "no longer denied":
            return True
        everything_but = any(text.startswith("everything but") for text in (*self.actions, *self.resources))
        if self.holder.kind in {"trust", "resource"}:
            return everything_but or any(map(_from_outside, self.principals))
        if self.holder.kind == "endpoint":
            return everything_but or "*" in self.resources or "*" in self.actions
        whole = any(action == "*" or action.endswith(":*") for action in self.actions)
        return everything_but or whole or ("*" in self.resources and not self.conditions)


def _from_outside(principal: str) -> bool:
    """Return whether a principal is neither a service of AWS nor of the deployment's own account."""
    ours = ".amazonaws." in principal or principal.startswith("<") or "<account>" in principal
    return principal == EVERYBODY or not ours


def widenings(sides: Sides) -> tuple[Widening, ...]:
    """Find the rights that grow: all policies of both sides, compared."""
    names = sides.names
    before, after = _collect(sides.old, names), _collect(sides.new, names)
    there = {
        (stack, names.resource(stack, item))
        for stack, template in sides.new.items()
        for item in template.get("Resources", {})
    }
    found: list[Widening] = []
    for holder in sorted(before.keys() | after.keys(), key=lambda item: (item.stack, item.name, item.kind)):
        # What is gone has no rights; but where a policy is gone alone, its denials are missing.
        if (holder.stack, holder.name) in there:
            further = reaching_further(before.get(holder, ()), after.get(holder, ()))
            found += _together(holder, further, before.get(holder))
    return tuple(found)


def _collect(templates: Mapping[str, Template], names: Names) -> Mapping[Holder, Sequence[Grant]]:
    found: dict[Holder, list[Grant]] = defaultdict(list)
    for stack, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            for holder, granted in _of_resource(stack, logical_id, resource, names):
                found[holder] += granted
    return found


def _of_resource(
    stack: str, logical_id: str, resource: Mapping[str, Any], names: Names
) -> Iterator[tuple[Holder, Sequence[Grant]]]:
    def text(value: Any) -> str:
        return without_hashes(names.text(value, stack))

    kind, properties = resource["Type"], resource.get("Properties", {})
    own = names.resource(stack, logical_id)
    holders = list(_holders(stack, own, kind, properties, names))
    for path, document in documents(properties):
        granted = list(grants(document, text))
        if path == "AssumeRolePolicyDocument":
            yield Holder(stack, own, "trust"), granted
        else:
            for holder in holders:
                yield holder, granted
    if managed := as_list(properties.get("ManagedPolicyArns")):
        allowed = [Grant("Allow", "", f"{MANAGED_POLICY}{text(arn)}", "", frozenset()) for arn in managed]
        yield Holder(stack, own, "identity"), allowed


def _holders(stack: str, own: str, kind: str, properties: Mapping[str, Any], names: Names) -> Iterator[Holder]:
    if kind == _ENDPOINT:
        yield Holder(stack, own, "endpoint")
    elif kind in _IDENTITIES:
        yield Holder(stack, own, "identity")
    elif kind in _ATTACHED:
        for key in ("Roles", "Users", "Groups"):
            yield from (_named(reference, stack, "identity", names) for reference in as_list(properties.get(key)))
    elif kind in _GUARDED:
        yield from (_named(item, stack, "resource", names) for item in as_list(properties.get(_GUARDED[kind])))
    else:
        yield Holder(stack, own, "resource")


def _named(reference: Any, stack: str, kind: str, names: Names) -> Holder:
    target = names.target(reference, stack)
    if target is None:
        return Holder(stack, names.text(reference, stack), kind)
    return Holder(target.stack, names.resource(target.stack, target.logical_id), kind)


def _together(holder: Holder, further: Iterable[Grant], before: Sequence[Grant] | None) -> Iterator[Widening]:
    """Put single grants together again where all their combinations are there."""
    formers = tuple(before or ())
    by_resource: dict[tuple[str, Conditions, str, str], set[str]] = defaultdict(set)
    for grant in further:
        by_resource[_how(grant, formers), grant.conditions, grant.principal, grant.resource].add(grant.action)
    by_actions: dict[tuple[str, Conditions, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (how, conditions, principal, resource), some in by_resource.items():
        by_actions[how, conditions, principal, tuple(sorted(some))].append(resource)
    by_grant: dict[tuple[str, Conditions, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for (how, conditions, principal, actions), resources in by_actions.items():
        by_grant[how, conditions, actions, tuple(sorted(resources))].append(principal)
    for (how, conditions, actions, targets), principals in by_grant.items():
        yield Widening(
            holder=holder,
            how=how,
            principals=tuple(sorted(filter(None, principals))),
            actions=actions,
            resources=tuple(filter(None, targets)),
            conditions=conditions,
            new_holder=before is None,
        )


def _how(grant: Grant, before: Iterable[Grant]) -> str:
    if grant.effect == "Deny":
        return "no longer denied"
    return "widened" if any(grant.covers(former) for former in before) else "added"
