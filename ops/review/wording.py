"""The words of a review, shared by the terminal and the pull request."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from ops.review.changes import Action, ResourceChange
from ops.review.conclusion import Review, StackReview
from ops.review.consequences import Level, Verdict
from ops.review.differences import ABSENT, Difference
from ops.review.names import Names
from ops.review.policies import conditions_text
from ops.review.rights import MANAGED_POLICY, Widening
from ops.review.texts import shortened, where_they_differ

Mark = Callable[[str], str]
"""Sets a value off from the sentence around it."""

HEADINGS: Final = {
    Level.DESTRUCTIVE: "What it destroys",
    Level.WARNING: "What to look at",
    Level.NOTE: "Notes",
}
SIGNS: Final = {
    Action.ADDED: "+",
    Action.CHANGED: "~",
    Action.MAY_BE_REPLACED: "?",
    Action.REPLACED: "!",
    Action.REMOVED: "-",
}
_TITLES: Final = {
    Verdict.NOTHING: "No differences",
    Verdict.DIFFERENCES: "Differences",
    Verdict.DESTRUCTIVE: "Destructive",
}
_LONGEST_VALUE: Final = 60
_LONGEST_PATH: Final = 100
_LISTED: Final = 4


def verdict(review: Review) -> tuple[str, str]:
    """Return the verdict in a word or two, and what it is about."""
    total: Counter[Action] = Counter(change.action for stack in review.stacks for change in stack.changes)
    counts = [f"{total[action]} {action}" for action in Action if total[action]]
    losses = sum(item.level is Level.DESTRUCTIVE for item in review.consequences)
    if losses:
        counts.insert(0, f"{losses} {'losses' if losses > 1 else 'loss'}")
    if not counts:
        same = review.verdict is Verdict.NOTHING
        counts = ["cdk deploy would change nothing" if same else "no resource changes, but see below"]
    return _TITLES[review.verdict], ", ".join(counts)


def state(stack: StackReview) -> str:
    """Return the present state of a stack in words."""
    if not stack.status:
        return "not deployed"
    return stack.status if stack.wanted else f"{stack.status}, not in the app"


def change_title(change: ResourceChange, names: Names) -> str:
    """Return what becomes of a resource, and why."""
    because = [_short_path(path) for path in change.causes[:_LISTED]]
    if len(change.causes) > _LISTED:
        because.append("others")
    text = f"{change.action}"
    if because and change.action is not Action.CHANGED:
        text += f" because of {', '.join(because)}"
    if change.follows:
        followed = ", ".join(names.resource(change.stack, name) for name in change.follows[:_LISTED])
        text += f"; refers to what is new: {followed}"
    return f"{text}; {change.remark}" if change.remark else text


def difference(item: Difference, stack: str, names: Names, mark: Mark) -> str:
    """Write a difference: path, old value, new value."""
    sides = ["" if side is ABSENT else names.text(side, stack) or '""' for side in (item.old, item.new)]
    old, new = (mark(side) if side else "nothing" for side in where_they_differ(sides[0], sides[1], _LONGEST_VALUE))
    return f"{mark(_short_path(item.path))}: {old} -> {new}"


def kinds(changes: Sequence[ResourceChange]) -> str:
    """Count resources by their types: ``3 S3 Bucket, 2 IAM Role``."""
    counted = Counter(change.kind.removeprefix("AWS::").replace("::", " ") for change in changes)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))


def widening(item: Widening, mark: Mark) -> str:
    """Write a right that grows, after the name of its holder."""
    actions, resources, principals = (_list(side, mark) for side in (item.actions, item.resources, item.principals))
    on = f" on {resources}" if resources else ""
    condition = (
        f" if {mark(shortened(conditions_text(item.conditions), 2 * _LONGEST_VALUE))}" if item.conditions else ""
    )
    if item.how == "no longer denied":
        who = f" to {principals}" if principals else ""
        return f"no longer denies {actions}{on}{who}{condition}"
    if item.holder.kind == "trust":
        return f"may be assumed by {principals}{condition} ({item.how})"
    if item.holder.kind == "identity":
        verb = "gets" if all(action.startswith(MANAGED_POLICY) for action in item.actions) else "may"
        return f"{verb} {actions}{on}{condition} ({item.how})"
    verb = "lets pass" if item.holder.kind == "endpoint" else "allows"
    return f"{verb} {principals} {actions}{on}{condition} ({item.how})"


def _list(values: Sequence[str], mark: Mark) -> str:
    return ", ".join(mark(shortened(value, 2 * _LONGEST_VALUE)) for value in values)


def urgent(review: Review) -> tuple[Widening, ...]:
    """Return the rights to look at: all that grow of what exists, and wide ones of what is new."""
    return tuple(item for item in review.widenings if item.wide or not item.new_holder)


def usual(review: Review) -> tuple[Widening, ...]:
    """Return the other rights: those that new roles and stores begin with."""
    return tuple(item for item in review.widenings if item.new_holder and not item.wide)


def _short_path(path: str) -> str:
    """Leave out of a path what stands in each of EMR's configurations, before what makes the difference."""
    return shortened(path.replace(".ConfigurationProperties", ""), _LONGEST_PATH)
