"""Which commit a fact comes from."""

import subprocess
from collections.abc import Iterable
from typing import NamedTuple

from ops.project import ROOT


class Origin(NamedTuple):
    """A commit, abbreviated, and its day; both empty where there is no history."""

    commit: str
    date: str


def newest_commit(paths: Iterable[str]) -> Origin:
    """Return the newest commit that changed one of some paths, which begin at the project's folder."""
    command = ["git", "log", "-1", "--format=%h %cs", "--abbrev=8", "--", *paths]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git: the project came as an archive
        return Origin("", "")
    commit, _, date = run.stdout.strip().partition(" ")
    return Origin(commit, date)
