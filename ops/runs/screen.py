"""A run on the terminal: a few lines that are kept up to date, or a line for each change where there is none."""

from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.quantities import duration
from ops.runs.cost import HourlyCost
from ops.runs.progress import Progress
from ops.runs.watch import Moment

_COLOURS = {"COMPLETED": "green", "FAILED": "red", "TERMINATED_WITH_ERRORS": "red", "CANCELLED": "yellow"}
_PHASES = {
    "starting": "none to featurize so far",
    "finishing": "all featurized; components, projections and report follow",
}


@dataclass
class RunView:
    """Shows moments.

    Parameters
    ----------
    console
        Where.
    cost
        Cost of the cluster an hour, if that is known.
    """

    console: Console
    cost: HourlyCost | None = None
    _live: Live | None = field(default=None, init=False)
    _last_line: str = field(default="", init=False)

    def __enter__(self) -> Self:
        """Begin."""
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last moment on the terminal."""
        if self._live:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Show what is seen now."""
        if self._live:
            self._live.update(self.table(moment))
            return
        line = self._line(moment)
        if line != self._last_line:
            self._last_line = line
            self.log(f"{moment.now.astimezone():%H:%M:%S} {line}")

    def log(self, line: str) -> None:
        """Print a line above."""
        self.console.print(line, soft_wrap=True)

    def table(self, moment: Moment) -> Table:
        """Lay a moment out."""
        cluster, step, progress = moment.cluster, moment.step, moment.progress
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(style="bold", no_wrap=True)
        rows.add_column()
        rows.add_row("Cluster", _coloured(cluster.id, cluster.state, _since(cluster.created, cluster.ended, moment)))
        rows.add_row("Step", _coloured(step.id, step.state, _since(step.started, step.ended, moment)))
        if progress.phase == "featurizing":
            line = Table.grid(padding=(0, 2, 0, 0))
            line.add_column(width=20)
            line.add_column()
            line.add_row(ProgressBar(total=max(1, progress.total), completed=progress.done), photographs(progress))
            rows.add_row("Photographs", line)
        elif step.started and not moment.is_last:
            rows.add_row("Photographs", _PHASES[progress.phase])
        if self.cost:
            rows.add_row("Cost", self.cost.so_far(cluster, moment.now))
        if moment.trouble:
            rows.add_row(Text("Waiting", "yellow"), Text(moment.trouble))
        return rows

    def _line(self, moment: Moment) -> str:
        progress = moment.progress
        line = f"cluster {moment.cluster.id} {moment.cluster.state}, step {moment.step.id} {moment.step.state}"
        if moment.trouble:
            return f"{line}; {moment.trouble}"
        if progress.phase == "featurizing" and progress.total:
            tenths = 10 * progress.done // progress.total
            return f"{line}, {tenths * 10} % of {progress.total:,} photographs"
        return f"{line}, {_PHASES[progress.phase]}" if progress.phase == "finishing" and not moment.is_last else line


def photographs(progress: Progress) -> str:
    """Return how many photographs are done, how fast, and when the others will be."""
    text = f"{progress.done:,} of {progress.total:,}"
    if progress.seconds_left is not None:
        rate = f"{progress.rate:,.0f}" if progress.rate >= 10 else f"{progress.rate:.1f}"
        text += f", {rate}/s, about {duration(progress.seconds_left, rough=True)} left"
    return text


def _since(start: datetime | None, end: datetime | None, moment: Moment) -> str:
    return f"  {duration(max(0.0, ((end or moment.now) - start).total_seconds()))}" if start else ""


def _coloured(name: str, state: str, since: str) -> Text:
    return Text.assemble(name, "  ", (state, _COLOURS.get(state, "")), since)
