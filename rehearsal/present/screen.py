"""What a terminal shows after a program has written to it: enough of one for what Rich, Node and Spark write."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

_PIECE: Final = re.compile(
    r"\x1b\[(?P<numbers>[\d;?]*)(?P<verb>[A-Za-z])"  # CSI: colours, the cursor, erasing
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles and links, which show nothing
    r"|(?P<sign>[\r\n\x08])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_PLAIN: Final = ""

Cell = tuple[str, str]
"""A character, and the controls by which it has its colours."""


class Screen:
    """Lines of a terminal, those that have left its window included.

    Parameters
    ----------
    width
        Columns, at which longer lines go on in the next.

    Notes
    -----
    A control that is cut between two calls of `feed` is kept for the next one.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[list[Cell]] = [[]]
        self._row = self._column = 0
        self._style = _PLAIN
        self._rest = ""

    def feed(self, data: str) -> None:
        """Take what a program has written."""
        data = self._rest + data
        whole = len(data)
        cut = data.rfind("\x1b")
        if cut >= 0 and not _PIECE.match(data, cut):
            whole = cut
        self._rest = data[whole:]
        for piece in _PIECE.finditer(data[:whole]):
            if text := piece["text"]:
                self._write(text)
            elif sign := piece["sign"]:
                self._move(sign)
            elif piece["verb"] == "m":
                self._colour(piece[0])
            elif verb := piece["verb"]:
                self._carry_out(verb, int(piece["numbers"]) if piece["numbers"].isdigit() else 0)

    @property
    def lines(self) -> list[str]:
        """What it shows, without empty lines at its end and without spaces at their ends."""
        lines = ["".join(character for character, _ in line).rstrip() for line in self._lines]
        return lines[: _last(lines) + 1]

    @property
    def coloured(self) -> list[str]:
        """The same lines with the controls that colour them."""
        return ["".join(_coloured(line)) for line in self._lines[: len(self.lines)]]

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 0."""
        return self._row, self._column

    def _write(self, text: str) -> None:
        for part in self._fitting(text):
            line = self._lines[self._row]
            line.extend((" ", _PLAIN) for _ in range(self._column - len(line)))
            line[self._column : self._column + len(part)] = [(character, self._style) for character in part]
            self._column += len(part)

    def _fitting(self, text: str) -> Iterator[str]:
        """Divide a text where lines end; the cursor goes to the next line only when something is written there."""
        while text:
            if self._column == self._width:
                self._move("\n")
            room = self._width - self._column
            yield text[:room]
            text = text[room:]

    def _move(self, sign: str) -> None:
        if sign == "\x08":
            self._column = max(0, self._column - 1)
            return
        self._column = 0  # a terminal's driver makes a return of each line feed
        if sign == "\n":
            self._row += 1
            if self._row == len(self._lines):
                self._lines.append([])

    def _colour(self, control: str) -> None:
        self._style = _PLAIN if control in {"\x1b[m", "\x1b[0m"} else self._style + control

    def _carry_out(self, verb: str, number: int) -> None:
        line = self._lines[self._row]
        match verb:
            case "A":
                self._row = max(0, self._row - max(1, number))
            case "B":
                self._row = min(len(self._lines) - 1, self._row + max(1, number))
            case "C":
                self._column = min(self._width, self._column + max(1, number))
            case "D":
                self._column = max(0, self._column - max(1, number))
            case "G":
                self._column = max(0, number - 1)
            case "K" if number == 2:
                line.clear()
            case "K" if number == 0:
                del line[self._column :]
            case "J" if number == 0:
                del line[self._column :]
                del self._lines[self._row + 1 :]


def screen_after(data: str, width: int) -> Screen:
    """Return a screen on which a program has written `data`."""
    screen = Screen(width)
    screen.feed(data)
    return screen


def _last(lines: Sequence[str]) -> int:
    return max((number for number, line in enumerate(lines) if line), default=-1)


def _coloured(line: Sequence[Cell]) -> Iterator[str]:
    for style, cells in groupby(line, key=lambda cell: cell[1]):
        text = "".join(character for character, _ in cells)
        yield f"{style}{text}\x1b[0m" if style else text
