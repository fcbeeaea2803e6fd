"""Whether a recording still shows what its commands show."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from job.notebook.words import Language
from ops.verify.redaction import redacted
from rehearsal.present.cast import Cast, NoRecording, read_cast
from rehearsal.present.scenes import RECORDINGS, Scene

_SPACE: Final = re.compile(r"[\s━┃┏┓┗┛┡┩╇┳│├┤└┘─┼┴┬╭╮╰╯]+")
_AGES: Final = re.compile(r"\d{4}-\d\d-\d\d, \d+ days old|\d+ days old(?: \(from \d{4}-\d\d-\d\d\))?")
_NAMES: Final = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[js]-[A-Z0-9]{6,}\b|\b[0-9a-f]{8,}\b|\brun-\d+-\d+\b|\bi-\w+|\bvpc-\w+"
)
_NUMBERS: Final = re.compile(r"(?<![A-Za-z])\d(?:[\d,.: ]*\d)?|\d")
_CONTINUES: Final = " " * 6
_UNITS: Final = re.compile(r"#(?: h #)? min(?: #)?(?: s\b)?|# s\b|# [KMGT]i?B\b|# bytes")
_RATIO: Final = re.compile(r"^([a-z]+ # #) x #$")
"""Of the seconds of a stage in two runs: there is none if they happen to be the same to the last digit."""
_PASSING: Final = re.compile(r"^# cluster |^Cluster # |INFO featurized # of|\.jpg\b")
"""Lines that come and go with the speed of the machine, and those of some photographs."""


def comparable(lines: Sequence[str], *, settled: bool) -> list[str]:
    """Return what lines say whenever and wherever their command runs.

    Parameters
    ----------
    lines
        As a terminal shows them.
    settled
        Whether the figures are the same each time, and only ages differ.

    Returns
    -------
    list
        The lines; unless they are settled without figures, names and paths, sorted and each once, for what goes on at
        the same time ends in any order.
    """
    if settled:
        return [line for line in map(_settled, lines) if line]
    shapes = {_without_figures(line) for line in _unbroken(lines)}
    return sorted(line for line in shapes if line and not _PASSING.search(line))


def _unbroken(lines: Sequence[str]) -> Iterator[str]:
    """Join cells of tables that go on in the next line: where they are broken depends on how long figures are."""
    whole = ""
    for line in lines:
        if line.startswith(_CONTINUES):
            whole += f" {line.strip()}"
        else:
            yield whole
            whole = line
    yield whole


def _settled(line: str) -> str:
    return _SPACE.sub(" ", _AGES.sub("#", str(redacted(line)))).strip()


def _without_figures(line: str) -> str:
    words = " ".join("#" if "/" in word else word for word in _settled(line).split())
    return _RATIO.sub(r"\1", _UNITS.sub("#", _NUMBERS.sub("#", _NAMES.sub("#", words))))


def compare(recorded: Cast, commands: Sequence[str], lines: Sequence[str], *, settled: bool) -> Iterator[str]:
    """Yield what a recording shows that its commands do not show now, and what they show that it does not.

    Parameters
    ----------
    recorded
        The recording.
    commands
        As they are typed now.
    lines
        What the terminal shows of them now.
    settled
        See `told`.
    """
    if recorded.commands != tuple(commands):
        yield f"it runs '{' && '.join(recorded.commands)}', the scene '{' && '.join(commands)}'"
        return
    then, now = comparable(recorded.lines, settled=settled), comparable(lines, settled=settled)
    for kind, *places in SequenceMatcher(None, then, now, autojunk=False).get_opcodes():
        first, last, begin, end = places
        if kind != "equal":
            shows, show = "; ".join(then[first:last]), "; ".join(now[begin:end])
            yield f"it shows '{shows or 'nothing'}' where the commands show '{show or 'nothing'}'"


def outdated(
    scene: Scene, language: Language, lines: Sequence[str] | None = None, *, folder: Path = RECORDINGS
) -> list[str]:
    """Return why the recording of a scene is not one of what its commands are, or show, now.

    Parameters
    ----------
    scene, language
        Whose recording.
    lines
        What the terminal shows of its commands now; only the commands are compared unless given.
    folder
        Of the recordings.
    """
    path = scene.recording(language, folder)
    try:
        recorded = read_cast(path)
    except NoRecording as error:
        return [str(error)]
    commands = scene.typed(language)
    shown = recorded.lines if lines is None else lines
    found = list(compare(recorded, commands, shown, settled=scene.settled))
    few = [*found[:3], *([f"and {len(found) - 3} more differences"] if len(found) > 3 else [])]
    again = f"look at it, then record it: fruits present --record --scene {scene.name}"
    return [f"{path.name}: {'; '.join(few)}; {again}"] if few else []
