"""What becomes of each resource of a stack: added, changed, replaced, removed.

Not by the differ of `cdk diff`, a library for Node: it judges properties as a whole, and a review goes on from the
parts of them to rights, openings, losses and prices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from ops.review.differences import Difference, differences, is_object
from ops.review.names import Reference, references
from ops.review.replacement import Update, effect_of
from ops.review.stacks import Template

_POLICIES: Final = ("DeletionPolicy", "UpdateReplacePolicy")
# What else a template holds that a deployment would change; Metadata and the CDK's own check are for tools.
_SECTIONS: Final = ("Description", "Outputs", "Parameters", "Conditions", "Mappings", "Transform")


class Action(StrEnum):
    """What becomes of a resource, in the words of the review."""

    ADDED = "added"
    CHANGED = "changed"
    MAY_BE_REPLACED = "may be replaced"
    REPLACED = "replaced"
    REMOVED = "removed"


_ACTIONS: Final = {
    Update.IN_PLACE: Action.CHANGED,
    Update.MAY_REPLACE: Action.MAY_BE_REPLACED,
    Update.REPLACES: Action.REPLACED,
}


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """A resource that does not stay as it is.

    Parameters
    ----------
    stack
        Name of its stack in CloudFormation.
    logical_id, kind
        Its name and type in the template.
    action
        What becomes of it.
    differences
        Differences of its properties and of the policies that keep it.
    causes
        Paths of the properties that make it anew.
    follows
        Replaced resources of its stack whose new identity it takes over.
    remark
        What CloudFormation's change set and the schemas disagree about.
    old, new
        The resource in the templates; empty on the side that has none.
    """

    stack: str
    logical_id: str
    kind: str
    action: Action
    differences: tuple[Difference, ...] = ()
    causes: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    remark: str = ""
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @property
    def gone(self) -> bool:
        """Whether the resource as it is now will not be there any more, or may not be."""
        return self.action in {Action.REMOVED, Action.REPLACED, Action.MAY_BE_REPLACED}

    @property
    def kept(self) -> bool:
        """Whether CloudFormation leaves what was there where it is when it is removed or replaced.

        In an update it may apply the policy of either template; only what both keep is kept.
        """
        if self.action is Action.REMOVED:
            return self.old.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}
        return all(side.get("UpdateReplacePolicy") == "Retain" for side in (self.old, self.new))


def compare(stack: str, old: Template, new: Template, *, region: str) -> tuple[ResourceChange, ...]:
    """Compare the resources of two templates of a stack.

    Parameters
    ----------
    stack
        Its name in CloudFormation.
    old, new
        Templates as deployed and as wanted. Metadata is not compared.
    region
        Region whose schemas say what replaces a resource.

    Returns
    -------
    tuple of ResourceChange
        In the order of the templates. A resource that refers to a replaced one is changed with it; where the
        reference cannot change in place, it is replaced as well.
    """
    before, after = old.get("Resources", {}), new.get("Resources", {})
    changes: dict[str, ResourceChange] = {}
    for logical_id in [*after, *(name for name in before if name not in after)]:
        change = _compare_resource(stack, logical_id, before.get(logical_id, {}), after.get(logical_id, {}), region)
        if change:
            changes[logical_id] = change
    while _follow(stack, before, after, changes, region):
        pass
    return tuple(changes[name] for name in dict.fromkeys([*after, *before]) if name in changes)


def _compare_resource(
    stack: str, logical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], region: str
) -> ResourceChange | None:
    kind = (new or old)["Type"]
    found = tuple(_all_differences(old, new)) if old and new else ()
    if old and new and not found and old["Type"] == new["Type"]:
        return None
    effects = {item.path: effect_of(kind, item.path, region) for item in found if item.path not in _POLICIES}
    worst = max(effects.values(), default=Update.IN_PLACE)
    action = _ACTIONS[worst]
    if not (old and new):
        action = Action.ADDED if new else Action.REMOVED
    elif old["Type"] != new["Type"]:
        action = Action.REPLACED
    return ResourceChange(
        stack=stack,
        logical_id=logical_id,
        kind=kind,
        action=action,
        differences=found,
        causes=tuple(path for path, effect in effects.items() if effect is worst and worst > Update.IN_PLACE),
        old=old,
        new=new,
    )


def _all_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    yield from differences(old.get("Properties", {}), new.get("Properties", {}))
    for policy in _POLICIES:
        before, after = (side.get(policy, "Delete") for side in (old, new))
        if before != after:
            yield Difference(policy, before, after)


def _follow(
    stack: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    changes: dict[str, ResourceChange],
    region: str,
) -> bool:
    """Carry replacements on to the resources that refer to them; return whether there was one to carry."""
    anew = {name: change.action for name, change in changes.items() if change.action in _ACTIONS.values()}
    anew = {name: action for name, action in anew.items() if action is not Action.CHANGED}
    grown = False
    for logical_id, resource in after.items():
        if logical_id not in before:
            continue
        for path, reference in _paths_of_references(resource.get("Properties", {}), "", stack):
            source = reference.logical_id
            if source not in anew or source == logical_id:
                continue
            change = changes.get(logical_id) or ResourceChange(
                stack=stack,
                logical_id=logical_id,
                kind=resource["Type"],
                action=Action.CHANGED,
                old=before[logical_id],
                new=resource,
            )
            effect = _ACTIONS[effect_of(resource["Type"], path, region)]
            certain = anew[source] is Action.REPLACED
            if effect is Action.REPLACED and not certain:
                effect = Action.MAY_BE_REPLACED
            followed = _following(change, effect, path, source)
            grown = grown or followed != changes.get(logical_id)
            changes[logical_id] = followed
    return grown


def _following(change: ResourceChange, effect: Action, path: str, source: str) -> ResourceChange:
    causes = change.causes
    if effect is not Action.CHANGED and path not in causes:
        causes = (*causes, path)
    follows = change.follows if source in change.follows else (*change.follows, source)
    return replace(change, action=worse(change.action, effect), causes=causes, follows=follows)


_SEVERITY: Final = (Action.ADDED, Action.CHANGED, Action.MAY_BE_REPLACED, Action.REPLACED, Action.REMOVED)


def worse(one: Action, other: Action) -> Action:
    """Return the more severe of two actions."""
    return max(one, other, key=_SEVERITY.index)


def _paths_of_references(value: Any, path: str, stack: str) -> Iterator[tuple[str, Reference]]:
    if isinstance(value, list):
        for item in value:
            yield from _paths_of_references(item, path, stack)
    elif is_object(value):
        for key, part in value.items():
            yield from _paths_of_references(part, f"{path}.{key}" if path else key, stack)
    else:
        for reference in references(value, stack):
            yield path, reference


def other_changes(old: Template, new: Template) -> tuple[Difference, ...]:
    """Find what differs beside the resources: outputs, parameters, the description."""
    return tuple(
        item for section in _SECTIONS for item in differences(old.get(section, {}), new.get(section, {}), section)
    )
