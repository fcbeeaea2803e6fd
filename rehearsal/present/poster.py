"""The recordings as one moving picture for README: `python -m rehearsal.present.poster` writes docs/images/demo.svg."""

import re
import sys
from collections.abc import Sequence
from html import escape
from io import StringIO
from typing import Final

from rich.terminal_theme import TerminalTheme
from rich.text import Text

from ops.console import complain, plain_console
from ops.errors import ExitCode, FruitsError
from ops.project import ROOT
from rehearsal.present.cast import Cast, read_cast
from rehearsal.present.scenes import Scene, read_scenes

POSTER: Final = ROOT / "docs" / "images" / "demo.svg"
_SCENES: Final = ("price", "review", "run", "again", "destroy", "bill")
_HEIGHT: Final = 30
_SECONDS_A_SCENE: Final = 6
_CHARACTER: Final = 12.2  # Rich's, by which it places text: width, and 1.22 of 20 pixels between two lines
_LINE: Final = 24.4
_MARGIN: Final = 20
_MORE: Final = "\N{HORIZONTAL ELLIPSIS}"
_THEME: Final = TerminalTheme(
    (24, 32, 26),
    (222, 230, 220),
    [
        *((60, 72, 62), (239, 108, 96), (124, 201, 128), (232, 190, 92)),
        *((112, 164, 232), (206, 140, 220), (96, 200, 200), (222, 230, 220)),
    ],
)
_PART: Final = "<style>{styles}</style>{backgrounds}{matrix}"
_WHOLE: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">
<title>{title}</title>
<style>
text {{ font: 20px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; }}
.scene {{ visibility: hidden; animation: scene {seconds}s steps(1) infinite; }}
.scene:first-of-type {{ visibility: visible; }}
@keyframes scene {{ 0% {{ visibility: visible; }} {share:.3f}% {{ visibility: hidden; }} }}
@media (prefers-reduced-motion: reduce) {{ .scene {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="14" fill="{background}"/>
<g transform="translate({margin} {margin})">
{parts}
</g>
</svg>
"""
_CLIP: Final = re.compile(r' clip-path="[^"]*"')


def poster(scenes: Sequence[tuple[Scene, Cast]]) -> str:
    """Draw recordings one after the other, each as its terminal stands at its end.

    Notes
    -----
    Without movement, as on paper or for those who asked their browser for none, the first one is shown.
    """
    seconds = _SECONDS_A_SCENE * len(scenes)
    parts = [
        f'<g class="scene" style="animation-delay:{number * _SECONDS_A_SCENE - seconds}s">'
        f"{_drawn(_window(scene, cast), cast.width, f's{number}')}</g>"
        for number, (scene, cast) in enumerate(scenes)
    ]
    return _WHOLE.format(
        width=max(cast.width for _, cast in scenes) * _CHARACTER + 2 * _MARGIN,
        height=_HEIGHT * _LINE + 2 * _MARGIN,
        title=escape("; ".join(command for _, cast in scenes for command in cast.commands)),
        seconds=seconds,
        share=100 / len(scenes),
        background=_THEME.background_color.hex,
        margin=_MARGIN,
        parts="\n".join(parts),
    )


def _window(scene: Scene, cast: Cast) -> list[str]:
    """Choose what is shown of more lines than there is room for: figures stand first, what was reached stands last."""
    lines = cast.screen.coloured
    if len(lines) <= _HEIGHT:
        return lines
    if scene.settled:
        return [*lines[: _HEIGHT - 1], _MORE]
    return [lines[0], _MORE, *lines[2 - _HEIGHT :]]


def _drawn(lines: Sequence[str], width: int, name: str) -> str:
    console = plain_console(record=True, file=StringIO(), width=width, force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    drawn = console.export_svg(theme=_THEME, code_format=_PART, unique_id=name)
    return _CLIP.sub("", drawn)


def drawn_poster() -> str:
    """Draw the picture of README from the recordings.

    Raises
    ------
    NoRecording
        If a scene has none.
    """
    scenes = [scene for scene in read_scenes() if scene.name in _SCENES]
    return poster([(scene, read_cast(scene.recording("en"))) for scene in scenes])


def main() -> int:
    """Write the picture."""
    try:
        POSTER.write_text(drawn_poster(), encoding="utf-8")
    except FruitsError as error:
        complain(str(error))
        return ExitCode.FAILED
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
