"""From the language of D2 to SVG, with glyphs and fonts inside and colours for light and dark."""

import hashlib
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ops.diagrams.drawing import DiagramError
from ops.project import ROOT

_D2: Final = ROOT / ".venv-docs" / "bin" / "d2"
_ICONS: Final = ROOT / "node_modules" / "aws-icons" / "icons"
_CLOSE: Final = ("--elk-nodeNodeBetweenLayers", "60", "--elk-edgeNodeBetweenLayers", "25")
_SECONDS: Final = 120.0


def render(source: str) -> str:
    """Draw it; the same text gives the same bytes, and its mark at the end.

    Raises
    ------
    DiagramError
        If D2 or the glyphs are not installed, or D2 refuses the text.
    """
    for needed in (_D2, _ICONS):
        if not needed.exists():
            raise DiagramError(f"{needed} is missing; run: make diagrams")
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "icons").symlink_to(_ICONS)  # a path of this machine would be part of the drawing's identity
        (place / "diagram.d2").write_text(source, encoding="utf-8")
        command = [str(_D2), "--no-xml-tag", *_CLOSE, "diagram.d2", "diagram.svg"]
        run = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=_SECONDS)
        if run.returncode:
            raise DiagramError(f"D2 refuses a diagram: {run.stderr.strip()}")
        return (place / "diagram.svg").read_text(encoding="utf-8") + mark(source)


def mark(source: str) -> str:
    """Return what a diagram ends with: by it, and without D2, one sees which text it was drawn from."""
    return f"<!-- drawn from {hashlib.sha256(source.encode()).hexdigest()} -->\n"
