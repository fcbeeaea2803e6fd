"""Commands whose modules are loaded when somebody asks for them: all of them together take longer than most take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer

from ops.console import Commands


@dataclass(frozen=True)
class Offer:
    """A command that a group offers.

    Parameters
    ----------
    target
        Its function, or its group, as ``package.module:name``. What `typer.Typer.command` is to be told beyond that is
        the mapping ``REGISTRATION`` of that module.
    panel
        In which panel of the help it stands; in the one for all others unless given.
    """

    target: str
    panel: str | None = None

    def load(self, name: str) -> Any:
        """Import the command and return it as a command line takes it."""
        module_name, _, attribute = self.target.partition(":")
        module = import_module(module_name)
        found = getattr(module, attribute)
        holder = typer.Typer()
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name, rich_help_panel=self.panel)
        else:
            holder.command(name, rich_help_panel=self.panel, **getattr(module, "REGISTRATION", {}))(found)
        return typer.main.get_group(holder).commands[name]


class _Loaded(Mapping[str, Any]):
    """Commands by name: names are known, and what stands behind one is loaded when it is looked up."""

    def __init__(self, offers: Mapping[str, Offer]) -> None:
        self._offers = offers
        self._commands: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._commands:
            self._commands[name] = self._offers[name].load(name)
        return self._commands[name]

    def __contains__(self, name: object) -> bool:
        return name in self._offers

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)


class OfferedCommands(Commands):
    """A group of commands that are loaded when they are asked for.

    Attributes
    ----------
    offers
        The commands by name, in the order of the help.
    """

    offers: ClassVar[Mapping[str, Offer]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Loaded(self.offers)  # type: ignore[assignment]  # typer only reads it where nothing is added
