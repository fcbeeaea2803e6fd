"""One page with all recordings, which opens from the disk: `make docs` calls `python -m rehearsal.present.page`."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from job.notebook.words import LANGUAGES
from job.report.page import embed_json
from ops.console import complain, out
from ops.errors import ExitCode, FruitsError
from ops.project import ROOT
from rehearsal.present.cast import read_cast
from rehearsal.present.scenes import Scene, read_scenes

PAGE: Final = ROOT / "build" / "recordings" / "index.html"
_PLAYER: Final = ROOT / "node_modules" / "asciinema-player"
_TEMPLATE: Final = Path(__file__).with_name("page.html")


class NoPlayer(FruitsError):
    """What plays recordings in a browser is not installed."""


def page(scenes: tuple[Scene, ...], player: Path = _PLAYER) -> str:
    """Return the page, with the player and the recordings in it.

    Raises
    ------
    NoPlayer
        If the player is not installed.
    NoRecording
        If a scene has none.
    """
    recordings = {language: {item.name: _recording(item, language) for item in scenes} for language in LANGUAGES}
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        style=Markup(_bundled(player, "asciinema-player.css")),
        program=Markup(_bundled(player, "asciinema-player.min.js")),
        version=json.loads(_read(player / "package.json"))["version"],
        scenes=scenes,
        languages=LANGUAGES,
        data=Markup(embed_json(recordings)),
    )


def _recording(scene: Scene, language: Any) -> str:
    return read_cast(scene.recording(language)).text()


def _bundled(player: Path, name: str) -> str:
    return _read(player / "dist" / "bundle" / name).replace("</script", "<\\/script")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoPlayer(f"{path}: {error.strerror}; what plays recordings comes with: make setup") from None


def main() -> int:
    """Write the page, and say where it is."""
    try:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(read_scenes()), encoding="utf-8")
    except FruitsError as error:
        complain(str(error))
        return ExitCode.FAILED
    out.print(f"The recordings: {PAGE}", soft_wrap=True)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
