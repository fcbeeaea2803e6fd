"""A drawing in the language of D2: nodes in containers, tables, edges."""

from collections.abc import Sequence
from typing import Final

from ops.errors import FruitsError

_HEAD: Final = """\
vars: {
  d2-config: {
    layout-engine: elk
    theme-id: 0
    dark-theme-id: 200
    dark-theme-overrides: {B4: "#232634"; B5: "#2f3347"; B6: "#34384d"}
    pad: 16
  }
}
classes: {
  glyph: {shape: image; width: 88; height: 88; style.font-size: 26}
  group: {label.near: top-center; style: {border-radius: 8; font-size: 30; bold: true}}
  box: {style: {border-radius: 8; font-size: 26}}
  note: {shape: text; near: bottom-center; style.font-size: 26}
  table: {shape: sql_table; style.font-size: 20}
}
"""


class DiagramError(FruitsError):
    """Something that is deployed cannot be drawn; the message says what, and where to add it."""


class Drawing:
    """Lines of D2; the same calls give the same lines.

    Parameters
    ----------
    direction
        Of the arrows: ``right`` or ``down``.
    columns
        In how many columns what is not in a container stands beside each other; 0 leaves that to the arrows.
    """

    def __init__(self, direction: str, *, columns: int = 0) -> None:
        self._lines = [f"direction: {direction}", *([f"grid-columns: {columns}", "grid-gap: 24"] if columns else [])]

    @property
    def source(self) -> str:
        """The text for D2."""
        return _HEAD + "\n".join(self._lines) + "\n"

    def node(self, path: str, label: str, *, kind: str, icon: str = "", **attributes: object) -> None:
        """Add a node.

        Parameters
        ----------
        path
            Names of the containers that it is in, and its own, with dots between.
        label
            What it shows; may have several lines.
        kind
            One of the classes at the head: ``glyph``, ``group``, ``box``, ``note``.
        icon
            File of a glyph, below the folder of icons.
        attributes
            Further ones of D2, with ``_`` for ``-`` and ``__`` for a dot.
        """
        parts = [f"class: {kind}", *([f"icon: icons/{icon}"] if icon else [])]
        parts += [f"{name.replace('__', '.').replace('_', '-')}: {value}" for name, value in attributes.items()]
        self._lines.append(f"{path}: {_quoted(label)} {{{'; '.join(parts)}}}")

    def table(self, path: str, title: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """Add a table of three columns; rows keep their order, and each stands for itself even if two begin alike."""
        self._lines.append(f"{path}: {_quoted(title)} {{class: table")
        for number, (first, second, third) in enumerate(rows):
            # A row's name is its first cell, and D2 merges rows of one name: invisible characters tell them apart.
            name = first + "\u200b" * number
            constraint = f" {{constraint: [{_quoted(third)}]}}" if third else ""
            self._lines.append(f"  {_quoted(name)}: {_quoted(second)}{constraint}")
        self._lines.append("}")

    def edge(self, start: str, end: str, label: str = "", *, arrow: str = "->", dashed: bool = False) -> None:
        """Add an arrow between two paths."""
        style = " {style: {stroke-dash: 4; font-size: 24}}" if dashed else " {style.font-size: 24}"
        self._lines.append(f"{start} {arrow} {end}{': ' + _quoted(label) if label else ':'}{style}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("${", "\\${")
    return f'"{escaped}"'
