"""Recordings of a terminal, in asciinema's format, version 2: a line of JSON for the head, and one for each output.

Source: https://docs.asciinema.org/manual/asciicast/v2/
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.errors import FruitsError
from ops.project import ROOT
from ops.verify.redaction import redacted
from rehearsal.present.screen import Screen, screen_after

Output = tuple[float, str]
"""Seconds since the beginning, and what was written then."""

MOST_IDLE_SECONDS: Final = 0.6
"""Longer waits are cut to this."""

_TICK_SECONDS: Final = 0.2
"""What is written within it is one output: a terminal shows no more."""

_ONE_GO_SECONDS: Final = 0.02

_TURNING: Final = re.compile("[\N{BRAILLE PATTERN BLANK}-\N{BRAILLE PATTERN DOTS-12345678}]")
_CLOCKS: Final = re.compile(r"\d+:\d\d(:\d\d)?|-:--:--|(\d+ h )?(\d+ min )?\d+ s\b")


class NoRecording(FruitsError):
    """There is no recording, or it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A recording.

    Parameters
    ----------
    commands
        The lines that were typed, as the scene has them.
    width, height
        Of the terminal.
    outputs
        What was written, and when.
    """

    commands: tuple[str, ...]
    width: int
    height: int
    outputs: tuple[Output, ...]

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.outputs[-1][0] if self.outputs else 0.0

    @property
    def screen(self) -> Screen:
        """What the terminal shows at the end, with what has left its window."""
        return screen_after("".join(text for _, text in self.outputs), self.width)

    @property
    def lines(self) -> list[str]:
        """The lines of that."""
        return self.screen.lines

    def text(self) -> str:
        """Write it as a file holds it."""
        head = {
            "version": 2,
            "width": self.width,
            "height": self.height,
            "title": " && ".join(self.commands),
            "env": {"TERM": "xterm-256color"},
            "fruits": {"commands": list(self.commands)},
        }
        rows: list[Any] = [head, *([round(at, 2), "o", text] for at, text in self.outputs)]
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def read_cast(path: Path) -> Cast:
    """Read a recording.

    Raises
    ------
    NoRecording
        If there is none, or the file is something else.
    """
    again = "record it: fruits present --record"
    try:
        head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return Cast(
            commands=tuple(head["fruits"]["commands"]),
            width=int(head["width"]),
            height=int(head["height"]),
            outputs=tuple((float(at), str(text)) for at, kind, text in rows if kind == "o"),
        )
    except FileNotFoundError:
        raise NoRecording(f"{path.name}: there is no such recording; {again}") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise NoRecording(f"{path.name}: not a recording of a scene ({error}); {again}") from None


def edited(outputs: Iterable[Output], *, width: int, names: Mapping[str, str]) -> tuple[Output, ...]:
    """Make of what was written what may be shown to everybody, in the time that is worth watching.

    Parameters
    ----------
    outputs
        As they were written.
    width
        Of the terminal.
    names
        Folders of this machine, and what stands for them.

    Returns
    -------
    tuple
        Without account numbers, addresses and folders; without outputs that turn a wheel only; with short waits.
    """
    kept = ((at, _harmless(text, names)) for at, text in _merged(outputs))
    return tuple(_without_waits(_without_redraws(kept, width)))


def _harmless(text: str, names: Mapping[str, str]) -> str:
    for folder, name in names.items():
        text = text.replace(folder, name)
    return str(redacted(text))


def _merged(outputs: Iterable[Output]) -> Iterator[Output]:
    """Join what was written within a tick, and what was written at one go, however large: it was read in pieces."""
    began, last, texts = 0.0, 0.0, list[str]()
    for at, text in outputs:
        if texts and at - began >= _TICK_SECONDS and at - last >= _ONE_GO_SECONDS:
            yield began, "".join(texts)
            texts = []
        if not texts:
            began = at
        texts.append(text)
        last = at
    if texts:
        yield began, "".join(texts)


def _without_redraws(outputs: Iterable[Output], width: int) -> Iterator[Output]:
    """Leave out what changes nothing on the terminal but a wheel that turns and a clock that goes."""
    screen = Screen(width)
    before: tuple[Any, ...] = ()
    for at, text in outputs:
        screen.feed(text)
        after = (screen.cursor, tuple(_still(screen.lines)))
        if after != before:
            before = after
            yield at, text


def _still(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield _CLOCKS.sub("", _TURNING.sub("", line))


def _without_waits(outputs: Iterable[Output]) -> Iterator[Output]:
    before, now = 0.0, 0.0
    for at, text in outputs:
        now += min(at - before, MOST_IDLE_SECONDS)
        before = at
        yield now, text


def harmful(cast: Cast) -> list[str]:
    """Return what a recording tells that it must not: numbers of accounts, addresses, folders of this machine."""
    found = []
    for line in cast.lines:
        if redacted(line) != line or any(folder in line for folder in (str(ROOT), str(Path.home()) + "/")):
            found.append(f"it tells whose it is: {line.strip()}")
    return found
