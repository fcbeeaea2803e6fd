"""What people see of a rehearsal: stages that tick at a terminal, plain lines elsewhere."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rehearsal.scenario.stages import Ended

_STYLES = {"passed": "green", "failed": "bold red", "interrupted": "yellow", "running": "bold", "": "dim"}
_WORDS = {"passed": "ok", "failed": "FAILED", "interrupted": "stopped", "running": "...", "": ""}


def view_of(
    console: Console, title: str, names: Sequence[str]
) -> "AbstractContextManager[LiveView] | AbstractContextManager[PlainView]":
    """Return the view that a console can show: a context manager, whose value is told of the stages."""
    return LiveView(console, title, names) if console.is_terminal else PlainView(console, title, names)


def duration(seconds: float) -> str:
    """Write a duration: ``4.2 s``, ``4 min 12 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


class LiveView:
    """All stages in a table: state, seconds and one line of detail each."""

    def __init__(self, console: Console, title: str, names: Sequence[str]) -> None:
        self._title, self._names = title, names
        self._done: list[Ended] = []
        self._running = False
        self._began = 0.0
        self._detail = ""
        self._live = Live(self, console=console, refresh_per_second=4)

    def begin(self, name: str) -> None:
        """Show that a stage begins."""
        self._running, self._began, self._detail = True, time.monotonic(), ""

    def report(self, detail: str) -> None:
        """Show what the stage that runs is doing."""
        self._detail = detail

    def end(self, ended: Ended) -> None:
        """Show how a stage ended."""
        self._running = False
        self._done.append(ended)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __rich__(self) -> Group:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), expand=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, min_width=max(map(len, self._names)))
        table.add_column(no_wrap=True, min_width=max(map(len, _WORDS.values())))
        table.add_column(justify="right", no_wrap=True, min_width=8)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for number, name in enumerate(self._names, start=1):
            state, seconds, detail = self._row(number - 1)
            word = Text(_WORDS[state], _STYLES[state])
            table.add_row(str(number), name, word, seconds, Text(detail, "dim"), style="" if state else "dim")
        now = Text(self._detail if self._running else "", "dim", no_wrap=True, overflow="ellipsis")
        return Group(Text(self._title, "bold"), table, now)

    def _row(self, index: int) -> tuple[str, str, str]:
        if index < len(self._done):
            ended = self._done[index]
            return ended.state, duration(ended.seconds), ended.detail
        if index == len(self._done) and self._running:
            return "running", duration(time.monotonic() - self._began), ""
        return "", "", ""


class PlainView:
    """A line when a stage begins, and one when it has ended."""

    def __init__(self, console: Console, title: str, names: Sequence[str]) -> None:
        self._console, self._title, self._names = console, title, names
        self._number = 0

    def begin(self, name: str) -> None:
        """Show that a stage begins."""
        self._number += 1
        self._print(f"[{self._number:2}/{len(self._names)}] {name}")

    def report(self, detail: str) -> None:
        """Say nothing: the log of a build server does not want to see every second."""

    def end(self, ended: Ended) -> None:
        """Show how a stage ended."""
        detail = f": {ended.detail}" if ended.detail else ""
        self._print(f"        {_WORDS[ended.state]} in {duration(ended.seconds)}{detail}")

    def __enter__(self) -> "PlainView":
        self._print(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
