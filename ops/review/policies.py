"""Policies in a normal form: single grants that can be compared, so that one that reaches further is seen.

IAM Access Analyzer compares policies, too, but asks AWS and is billed by the check; a review needs no account.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.templates import as_list

Text = Callable[[Any], str]
"""Writes a value of a template, which may be a reference, as text."""

Conditions = frozenset[tuple[str, str, frozenset[str]]]
"""Operator, key and accepted values of each condition; all have to hold."""

EVERYBODY: Final = "everybody"
_NEGATIVE: Final = ("Not", "not")


@dataclass(frozen=True)
class Grant:
    """One action on one resource, allowed to or denied for one principal.

    Parameters
    ----------
    effect
        ``Allow`` or ``Deny``.
    principal
        Who; empty in the policy of an identity, which is who.
    action, resource
        Patterns; after ``everything but`` a list of them.
    conditions
        Under which it applies.
    """

    effect: str
    principal: str
    action: str
    resource: str
    conditions: Conditions

    def covers(self, other: "Grant") -> bool:
        """Return whether this grant reaches as far as another, or further; False if that is not sure."""
        return (
            self.effect == other.effect
            and self.principal in {EVERYBODY, other.principal}
            and _pattern_covers(self.action.lower(), other.action.lower())
            and _pattern_covers(self.resource, other.resource)
            and _conditions_cover(self.conditions, other.conditions)
        )


def documents(properties: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Find every policy document in the properties of a resource, with the path where it is."""
    if isinstance(properties, Mapping):
        statements = as_list(properties.get("Statement"))
        if statements and all(isinstance(item, Mapping) and "Effect" in item for item in statements):
            yield path, properties
            return
        for key, part in properties.items():
            yield from documents(part, f"{path}.{key}" if path else key)
    elif isinstance(properties, list):
        for index, part in enumerate(properties):
            yield from documents(part, f"{path}[{index}]")


def grants(document: Mapping[str, Any], text: Text) -> Iterator[Grant]:
    """Split a policy document into its grants."""
    for statement in as_list(document.get("Statement")):
        conditions = _conditions(statement.get("Condition", {}), text)
        parts = itertools.product(
            _principals(statement, text), _patterns(statement, "Action", text), _patterns(statement, "Resource", text)
        )
        for principal, action, resource in parts:
            yield Grant(statement["Effect"], principal, action, resource, conditions)


def reaching_further(old: Iterable[Grant], new: Iterable[Grant]) -> tuple[Grant, ...]:
    """Find what is allowed now and was not, and what was denied and is no longer.

    Returns
    -------
    tuple of Grant
        Sorted. The second kind as the denial that is missing.
    """
    before, after = set(old), set(new)
    allowed = {grant for grant in after if grant.effect == "Allow" and not _covered(grant, before)}
    denied = {grant for grant in before if grant.effect == "Deny" and not _covered(grant, after)}
    return tuple(sorted(allowed | denied, key=_order))


def conditions_text(conditions: Conditions) -> str:
    """Write conditions as people read them, always in the same order."""
    return " and ".join(sorted(f"{key} {operator} {', '.join(sorted(values))}" for operator, key, values in conditions))


def _covered(grant: Grant, others: set[Grant]) -> bool:
    return grant in others or any(other.covers(grant) for other in others)


def _order(grant: Grant) -> tuple[str, ...]:
    return (grant.effect, grant.principal, conditions_text(grant.conditions), grant.resource, grant.action)


def _patterns(statement: Mapping[str, Any], key: str, text: Text) -> Sequence[str]:
    if f"Not{key}" in statement:
        return ["everything but " + ", ".join(sorted(map(text, as_list(statement[f"Not{key}"]))))]
    return [text(item) for item in as_list(statement.get(key))] or [""]


def _principals(statement: Mapping[str, Any], text: Text) -> Sequence[str]:
    if "NotPrincipal" in statement:
        return [f"everybody but {json.dumps(statement['NotPrincipal'], sort_keys=True)}"]
    principal = statement.get("Principal")
    if principal is None:
        return [""]
    if not isinstance(principal, Mapping):
        return [EVERYBODY if principal == "*" else text(principal)]
    named = [text(item) for items in principal.values() for item in as_list(items)]
    return [EVERYBODY if name == "*" else name for name in named]


def _conditions(written: Mapping[str, Mapping[str, Any]], text: Text) -> Conditions:
    return frozenset(
        (operator, key.lower(), frozenset(text(value) for value in as_list(values)))
        for operator, keys in written.items()
        for key, values in keys.items()
    )


def _pattern_covers(pattern: str, other: str) -> bool:
    """Return whether whatever matches one pattern matches another; both may have wildcards."""
    if pattern == other:
        return True
    if pattern.startswith("everything but") or other.startswith("everything but"):
        return pattern == "*"
    parts = (
        ".*" if part == "*" else "[^*]" if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), other) is not None


def _conditions_cover(wider: Conditions, other: Conditions) -> bool:
    """Return whether each condition of one grant holds wherever those of another do."""
    return all(any(_implied(condition, by) for by in other) for condition in wider)


def _implied(condition: tuple[str, str, frozenset[str]], by: tuple[str, str, frozenset[str]]) -> bool:
    if condition[:2] != by[:2]:
        return False
    # Of accepted values fewer are stricter, of refused ones more.
    return condition[2] <= by[2] if any(word in condition[0] for word in _NEGATIVE) else by[2] <= condition[2]
