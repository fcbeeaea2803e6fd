"""A type of CloudFormation, and how ministack comes to know it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.embedded import vanilla

Properties = Mapping[str, Any]
Attributes = dict[str, str]
Create = Callable[[str, Properties, str], tuple[str, Attributes]]
Update = Callable[[str, Properties, Properties, str, str], tuple[str, Attributes]]
Delete = Callable[[str, Properties], None]


@dataclass(frozen=True)
class Replacement:
    """Which properties, when they change, make CloudFormation create the resource anew.

    Parameters
    ----------
    always
        Every change does.
    sometimes
        It depends on what changes below; the type's own `update` decides.
    """

    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceType:
    """How resources of one type are created, updated and deleted.

    Parameters
    ----------
    create
        Takes logical id, properties and the stack's name; gives what `Ref` is, and the attributes.
    update
        Takes what `Ref` is, the old and the new properties, the stack's name and the logical id. Not needed if
        every change replaces.
    delete
        Takes what `Ref` is, and the properties.
    replacement
        Which changes replace.
    tags
        The property with tags, to which CloudFormation adds the stack's.
    blocking
        Whether creating it waits, for which it needs a thread of its own.
    """

    create: Create
    delete: Delete
    update: Update | None = None
    replacement: Replacement = field(default_factory=Replacement)
    tags: str | None = None
    blocking: bool = False


def register(types: Mapping[str, ResourceType]) -> None:
    """Add types to ministack's CloudFormation."""
    provisioners = vanilla.provisioners
    for name, kind in types.items():
        handlers: dict[str, Any] = {"create": kind.create, "delete": kind.delete}
        if kind.update:
            handlers |= {"update": kind.update, "update_with_logical_id": True}
        provisioners._RESOURCE_HANDLERS[name] = handlers
        provisioners._REPLACING_PROPERTIES[name] = kind.replacement.always
        provisioners._CONDITIONALLY_REPLACING_PROPERTIES[name] = kind.replacement.sometimes
        if kind.tags:
            provisioners._STACK_TAG_PROPERTY[name] = (kind.tags, "list")
    blocking = {name for name, kind in types.items() if kind.blocking}
    if blocking:
        others = vanilla.stacks._runs_on_worker_thread
        vanilla.stacks._runs_on_worker_thread = lambda name: name in blocking or others(name)
