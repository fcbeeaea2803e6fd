"""Draw the diagrams: `python -m ops.diagrams.build`, or ``--check`` those of docs/diagrams."""

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.templates import Deployment
from job.notebook.words import LANGUAGES
from ops.aws.bare_synthesis import bare_templates, default_settings
from ops.diagrams.drawing import DiagramError
from ops.diagrams.flow import draw_flow
from ops.diagrams.identities import draw_identities
from ops.diagrams.life import draw_life
from ops.diagrams.network import draw_network
from ops.diagrams.rendering import mark, render
from ops.diagrams.resources import draw_resources
from ops.diagrams.words import Labels
from ops.facts.fact import Facts, read_facts
from ops.project import ROOT

FOLDER: Final = ROOT / "docs" / "diagrams"

_SAME_BYTES: Final = ("x86_64", "amd64")
"""Processors on which D2 draws the same bytes; others may round the last digit of a coordinate otherwise."""


def sources(deployment: Deployment, facts: Facts) -> Mapping[str, str]:
    """Return the text of each diagram, by the name of its file.

    Raises
    ------
    DiagramError
        If something that is deployed cannot be drawn, or has no words.
    """
    texts = {}
    for language in LANGUAGES:
        labels = Labels(language)
        for name, source in {
            "resources": draw_resources(deployment, labels),
            "network": draw_network(deployment, labels),
            "identities": draw_identities(deployment, labels),
            "flow": draw_flow(deployment, labels, facts),
            "life": draw_life(deployment, labels),
        }.items():
            texts[f"{name}.{language}.svg"] = source
    return texts


def main() -> int:
    """Write the diagrams, or with ``--check`` say which are not what the templates give."""
    try:
        texts = sources(bare_templates(default_settings()), read_facts())
        if "--check" not in sys.argv[1:]:
            FOLDER.mkdir(exist_ok=True)
            for name, text in texts.items():
                (FOLDER / name).write_text(render(text), encoding="utf-8")
            return 0
        whole = platform.machine().lower() in _SAME_BYTES
        old = outdated({name: render(text) if whole else mark(text) for name, text in texts.items()}, FOLDER)
    except DiagramError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if old:
        print(f"docs/diagrams: not what the templates give: {', '.join(old)}; run: make diagrams", file=sys.stderr)
    return 1 if old else 0


def outdated(ends: Mapping[str, str], folder: Path) -> list[str]:
    """Name the files of a folder that are missing, too many, or do not end as they should.

    Parameters
    ----------
    ends
        By the name of a file its end: all of it, or the mark of the text that it was drawn from.
    folder
        Where the files are.
    """
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.svg")}
    return sorted(
        name
        for name in {*ends, *there}
        if name not in there or name not in ends or not there[name].endswith(ends[name])
    )


if __name__ == "__main__":
    sys.exit(main())
