"""What slides are made of beside Markdown: figures, bars and pictures, for a browser or for an office program."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from job.notebook.words import typeset_french
from ops.deck.facts import Figures
from ops.errors import FruitsError
from ops.project import ROOT

Medium = Literal["browser", "office"]
_MEDIA_TYPES: Final = {".svg": "image/svg+xml", ".jpg": "image/jpeg", ".png": "image/png"}


class NoPicture(FruitsError):
    """A slide shows a picture that is not there."""


class Parts:
    """The words that a template of slides may use.

    Parameters
    ----------
    figures
        The facts.
    medium
        For which program: an office program gets tables where a browser gets bars, and files where a browser gets
        pictures within the page.
    """

    def __init__(self, figures: Figures, medium: Medium) -> None:
        self._figures, self._medium = figures, medium
        self._french = figures.language == "fr"

    def words(self) -> dict[str, Callable[..., str]]:
        """Return the functions by their names."""
        return {
            "fact": self._figures.fact,
            "duration": self._figures.duration,
            "ratio": self._figures.ratio,
            "figure": self.figure,
            "bars": self.bars,
            "picture": self.picture,
        }

    def figure(self, shown: str, caption: str) -> str:
        """Show a figure large, above what it is."""
        caption = typeset_french(caption) if self._french else caption
        if self._medium == "office":
            return f"**{shown}** {caption}\n"
        return f'<div class="figure"><b>{shown}</b><span>{caption}</span></div>'

    def bars(self, rows: Sequence[tuple[str, str]], digits: int | None = None) -> str:
        """Compare figures of one unit: rows of a label and a name; one label with ``*`` before it is ours."""
        values = {name: float(self._figures.of(name).value) for _, name in rows}
        labels = [typeset_french(label) if self._french else label for label, _ in rows]
        shown = [
            (label, self._figures.fact(name, digits), values[name])
            for label, (_, name) in zip(labels, rows, strict=True)
        ]
        if self._medium == "office":
            lines = [f"| {label.lstrip('*')} | {figure} |" for label, figure, _ in shown]
            return "\n".join(["| | |", "|---|---:|", *lines]) + "\n"
        largest = max(values.values())
        return '<div class="bars">' + "".join(_bar(*row, largest=largest) for row in shown) + "</div>"

    def picture(self, path: str, alt: str, look: str = "") -> str:
        """Show a picture of this project."""
        file = ROOT / path
        if not file.is_file():
            raise NoPicture(f"there is no picture {path}; `make diagrams` makes those of docs/diagrams")
        alt = typeset_french(alt) if self._french else alt
        if self._medium == "office":
            return f"![{alt}]({png_of(file)})\n"
        content = base64.b64encode(file.read_bytes()).decode()
        return f'<img class="{look}" alt="{alt}" src="data:{_MEDIA_TYPES[file.suffix]};base64,{content}">'


def png_of(file: Path) -> Path:
    """Return where the picture of an office program lies: pixels beside the products of the build, for an SVG."""
    return ROOT / "build" / "deck" / f"{file.stem}.png" if file.suffix == ".svg" else file


def _bar(label: str, figure: str, value: float, *, largest: float) -> str:
    ours, share = ' class="ours"' if label.startswith("*") else "", value / largest
    return f'<div{ours} style="--share:{share:.4f}"><span>{label.lstrip("*")}</span><i></i><b>{figure}</b></div>'
