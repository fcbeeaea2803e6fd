"""Where two values of a template differ, leaf by leaf."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ABSENT: Final = object()
"""Stands for a value that one side does not have."""

# What tells the members of a list apart, where the list is really a mapping.
_IDENTITIES: Final = ("Key", "Id", "Sid", "Name", "InstanceType", "Classification", "TagKey")


@dataclass(frozen=True)
class Difference:
    """A leaf that differs.

    Parameters
    ----------
    path
        Path of the property, with dots and brackets: ``Tags[environment].Value``.
    old, new
        Values as in the templates; `ABSENT` if a side has none.
    """

    path: str
    old: Any
    new: Any


def differences(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
    """Find the leaves in which two values differ.

    Functions of CloudFormation (``Ref``, ``Fn::Join``) are leaves, and so are lists of plain values.
    """
    if old == new:
        return
    if is_object(old) and is_object(new):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif (members := _by_identity(old, new)) is not None:
        before, after = members
        if before == after:  # only their order differs
            yield Difference(f"{path}[order]", list(before), list(after))
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), f"{path}[{key}]")
    elif _is_list_of_objects(old) and _is_list_of_objects(new) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    else:
        yield Difference(path, old, new)


def is_object(value: Any) -> bool:
    """Return whether a value has properties of its own, and is not a function of CloudFormation."""
    return isinstance(value, Mapping) and not (len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")))


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_object(item) for item in value)


def _by_identity(old: Any, new: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if not (_is_list_of_objects(old) and _is_list_of_objects(new)):
        return None
    for identity in _IDENTITIES:
        sides = [{item[identity]: item for item in side if isinstance(item.get(identity), str)} for side in (old, new)]
        if [len(side) for side in sides] == [len(old), len(new)]:
            return sides[0], sides[1]
    return None
