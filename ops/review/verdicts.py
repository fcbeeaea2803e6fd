"""Two opinions of what becomes of a resource, CloudFormation's and the schemas', made into one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ops.review.change_sets import Planned
from ops.review.changes import Action, ResourceChange, worse
from ops.review.replacement import depends_on_a_part, is_tag, keeps_its_identity
from ops.review.stacks import Template

_REPLACEMENTS: Final = {
    "True": Action.REPLACED,
    "Conditional": Action.MAY_BE_REPLACED,
    "False": Action.CHANGED,
    "": Action.CHANGED,
}
_ACTIONS: Final = {"Add": Action.ADDED, "Remove": Action.REMOVED}


def reconcile(
    changes: Sequence[ResourceChange],
    plan: Mapping[str, Planned],
    *,
    stack: str,
    old: Template,
    new: Template,
    region: str,
) -> tuple[ResourceChange, ...]:
    """Let the change set correct what the templates and schemas say, and say where they disagree.

    The more severe of both stands. What the change set alone knows is added: parameters that are looked up, tags of
    the stack.

    Parameters
    ----------
    changes
        Changes as `ops.review.changes.compare` finds them.
    plan
        The change set.
    stack, old, new, region
        What both are about.
    """
    found = {change.logical_id: change for change in changes}
    kinds = {name: item["Type"] for side in (old, new) for name, item in side.get("Resources", {}).items()}
    verdicts = _verdicts(plan, found, kinds, region)
    for logical_id, action in verdicts.items():
        known = found.get(logical_id)
        if known is None:
            found[logical_id] = ResourceChange(
                stack=stack,
                logical_id=logical_id,
                kind=plan[logical_id].kind,
                action=action,
                causes=tuple(dict.fromkeys(_names(plan[logical_id]))),
                remark="seen by CloudFormation's change set alone",
                old=old.get("Resources", {}).get(logical_id, {}),
                new=new.get("Resources", {}).get(logical_id, {}),
            )
        elif known.action is not action:
            remark = f"CloudFormation's change set says {action}, its resource schema says {known.action}"
            found[logical_id] = replace(known, action=worse(action, known.action), remark=remark)
    return tuple(found.values())


def _verdicts(
    plan: Mapping[str, Planned], found: Mapping[str, ResourceChange], kinds: Mapping[str, str], region: str
) -> Mapping[str, Action]:
    """Read the change set, without the conditions that cannot come true.

    Where a property refers to a resource that changes, CloudFormation assumes that the reference may change, too.
    It does not if that resource stays: each tag on a key would otherwise "maybe replace" the cluster behind it.
    No tag replaces what carries it. And where the condition is a part of a property that the schema knows, the schema
    has judged that part already.
    """
    verdicts: dict[str, Action] = {
        name: _ACTIONS.get(item.action) or _REPLACEMENTS.get(item.replacement, Action.MAY_BE_REPLACED)
        for name, item in plan.items()
    }

    def stays(detail: Mapping[str, Any]) -> bool:
        if detail.get("ChangeSource") not in {"ResourceReference", "ResourceAttribute"}:
            return False
        source, _, attribute = str(detail.get("CausingEntity", "")).partition(".")
        same = not attribute or keeps_its_identity(kinds.get(source, ""), attribute, region)
        return same and verdicts.get(source, Action.CHANGED) is Action.CHANGED

    while True:
        settled: dict[str, Action | None] = {}
        for name, action in verdicts.items():
            details = plan[name].details
            if not details or action not in {Action.CHANGED, Action.MAY_BE_REPLACED}:
                continue
            if name not in found and all(map(stays, details)):
                settled[name] = None
            elif action is Action.MAY_BE_REPLACED and all(
                stays(item) or _in_place(item, plan[name].kind, region) for item in details
            ):
                settled[name] = Action.CHANGED
        if not settled:
            return verdicts
        verdicts = {name: now for name, former in verdicts.items() if (now := settled.get(name, former)) is not None}


def _in_place(detail: Mapping[str, Any], kind: str, region: str) -> bool:
    target = detail.get("Target", {})
    name = str(target.get("Name", ""))
    return (
        target.get("RequiresRecreation", "Never") == "Never"
        or is_tag(kind, name, region)
        or (target["RequiresRecreation"] == "Conditionally" and depends_on_a_part(kind, name, region))
    )


def _names(item: Planned) -> Iterator[str]:
    for detail in item.details:
        target = detail.get("Target", {})
        yield str(target.get("Name") or target.get("Attribute", ""))
