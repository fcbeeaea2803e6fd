"""Make the recordings: every scene run live, unseen, and what it has shown kept for everybody to see."""

from collections.abc import Callable, Collection, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from job.notebook.words import LANGUAGES, Language
from ops.console import plain_console
from ops.project import ROOT
from rehearsal.present.audience import Audience, take_time
from rehearsal.present.backstage import Backstage
from rehearsal.present.cast import Cast, edited, harmful
from rehearsal.present.scenes import RECORDINGS, Scene
from rehearsal.present.show import UNHURRIED, Played, Show
from rehearsal.present.terminal import Size

WIDE: Final = Size(100, 30)
"""Of recordings: what fits on a slide, and into a page."""

NAMES: Final = {str(ROOT): "/fruits", str(Path.home()): "/home/you"}
"""Folders of this machine, and what stands for them."""


def record(
    scenes: Sequence[Scene],
    chosen: Collection[str],
    environment: dict[str, str],
    *,
    tell: Callable[[str], None],
    folder: Path = RECORDINGS,
) -> list[str]:
    """Record scenes, and return why some could not be.

    Parameters
    ----------
    scenes
        All of them.
    chosen
        Names of those to record.
    environment
        Variables of the embedded AWS.
    tell
        Told which scene is at work.
    folder
        For the recordings; what is recorded replaces what was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    backstage = Backstage(environment, size=WIDE, browser=False)
    faults = []
    written: set[Path] = set()
    for language in LANGUAGES:
        names = [scene.name for scene in scenes if scene.name in chosen and scene.recording(language) not in written]
        written |= {scene.recording(language) for scene in scenes}
        for played in _unseen(language, backstage, tell).play(scenes, names):
            faults += _keep(played, language, folder)
    return faults


def cast_of(played: Played, language: Language) -> Cast:
    """Make a recording of a scene that was played live."""
    return Cast(
        commands=played.scene.typed(language),
        width=WIDE.width,
        height=WIDE.height,
        outputs=edited(played.outputs, width=WIDE.width, names=NAMES),
    )


def _unseen(language: Language, backstage: Backstage, tell: Callable[[str], None]) -> Show:
    nobody = plain_console(file=StringIO(), width=WIDE.width)
    audience = Audience(console=nobody, language=language, waits=False, pause=take_time)
    return Show(audience=audience, backstage=backstage, patience=UNHURRIED, tell=tell)


def _keep(played: Played, language: Language, folder: Path) -> list[str]:
    name = played.scene.name
    if played.why:
        return [f"{name}: not recorded: {played.why.en}"]
    cast = cast_of(played, language)
    if wrong := harmful(cast):
        return [f"{name}: not recorded: {'; '.join(wrong)}"]
    played.scene.recording(language, folder).write_text(cast.text(), encoding="utf-8")
    return []
