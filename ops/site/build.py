"""Write the documents as a site: `python -m ops.site.build` makes build/site; a link that leads nowhere fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from ops.project import ROOT
from ops.site.pages import DECK, RECORDINGS, deck_files

DOCUMENTS: Final = ROOT
SHOWN: Final = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "docs")
_BUILD: Final = ROOT / "build"
_SETTINGS: Final = ROOT / "docs" / "site" / "mkdocs.yml"
_MKDOCS: Final = ROOT / ".venv-docs" / "bin" / "mkdocs"
_WORKER: Final = ROOT / "node_modules" / "iframe-worker" / "shim" / "index.js"


def make(source: Path, site: Path) -> str:
    """Make the site, and return what is wrong with the documents; nothing if all is well.

    Parameters
    ----------
    source
        Folder for links to all documents, which lie there as in the project, so that links among them hold.
    site
        Folder for the pages.
    """
    lay_out(source)
    done = subprocess.run(
        [str(_MKDOCS), "build", "--strict", "--config-file", str(_SETTINGS), "--site-dir", str(site)],
        cwd=ROOT,
        env={**os.environ, "FRUITS_SITE_SOURCE": str(source), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("INFO")]
    return "" if done.returncode == 0 else "\n".join(wrong)


def lay_out(source: Path, deck: Path = DECK, recordings: Path = RECORDINGS) -> None:
    """Link all that the site shows into one folder; what the presentation is made from would be taken for pages."""
    shutil.rmtree(source, ignore_errors=True)
    (source / DECK.name).mkdir(parents=True)
    for name in SHOWN:
        (source / name).symlink_to(DOCUMENTS / name)
    (source / "iframe-worker.js").symlink_to(_WORKER)
    for file in deck_files(deck):
        (source / DECK.name / file.name).symlink_to(file)
    if recordings.is_dir():
        (source / RECORDINGS.name).symlink_to(recordings)


def main() -> int:
    """Make build/site, and say where it begins, or what is wrong."""
    site = _BUILD / "site"
    wrong = make(_BUILD / "site-source", site)
    print(wrong or f"The site: {site / 'index.html'}", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
