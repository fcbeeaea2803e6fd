"""Whether all is there that a demonstration needs: seen before going on stage, not on it."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from job.notebook.words import LANGUAGES
from ops.console import out
from ops.local.sample import MARKER
from ops.project import ROOT
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import EmbeddedAws, find_aws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from rehearsal.present.backstage import SAMPLE, SETTINGS, Backstage
from rehearsal.present.comparing import outdated
from rehearsal.present.recording import WIDE
from rehearsal.present.scenes import Scene
from rehearsal.present.terminal import Size

Outcome = Literal["ok", "warning", "FAILURE"]

_OF_PREFLIGHT: Final = ("CDK command line", "Wheels and weights")
_PREFLIGHT_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Found:
    """What a check has found.

    Parameters
    ----------
    title
        What was looked at.
    outcome
        ``FAILURE`` where scenes could not run, ``warning`` where a recording would have to stand in.
    text
        What was found.
    fix
        The command that mends it.
    """

    title: str
    outcome: Outcome
    text: str
    fix: str = ""


def check(scenes: Sequence[Scene], folder: Path) -> list[Found]:
    """Look at all of it, in the order in which it is needed."""
    return [_free(folder), *_started(), _pictures(SAMPLE), *_programs(scenes), *_recordings(scenes), _terminal()]


def _free(folder: Path) -> Found:
    title = "Folder"
    try:
        running = find_aws(folder)
    except DaemonFailed as error:
        return Found(title, "FAILURE", str(error))
    if running:
        stop = f"fruits aws down --folder {folder}"
        return Found(title, "FAILURE", f"an embedded AWS runs in {folder} already, at {running.endpoint}", stop)
    return Found(title, "ok", f"nothing runs in {folder}")


def _started() -> Iterator[Found]:
    """Start what scenes run on, elsewhere, and stop it again."""
    with tempfile.TemporaryDirectory(prefix="fruits-present-") as folder:
        try:
            with embedded_aws(Path(folder), launch="hold") as aws:
                yield Found("Embedded AWS", "ok", f"starts, and answers at {aws.endpoint}")
                yield from _preflight(aws)
                yield _node(aws)
        except DaemonFailed as error:
            yield Found("Embedded AWS", "FAILURE", str(error))


def _node(aws: EmbeddedAws) -> Found:
    try:
        with local_node(aws) as node:
            return Found("Node", "ok", f"starts; its instances: {node.kind}")
    except DaemonFailed as error:
        return Found("Node", "FAILURE", str(error))


def _preflight(aws: EmbeddedAws) -> Iterator[Found]:
    """Ask `fruits preflight` for what it knows of this machine."""
    written: list[str] = []
    backstage = Backstage(aws.environment(), size=Size(10_000, WIDE.height), browser=False)
    settings = "".join(f" -c {setting}" for setting in SETTINGS)
    backstage.run(f"fruits preflight --json{settings}", seconds=_PREFLIGHT_SECONDS, write=written.append)
    text = "".join(written)
    try:
        checks = {check["title"]: check for check in json.loads(text[text.index("{") :])["checks"]}
    except (ValueError, KeyError):
        yield Found("This machine", "FAILURE", f"fruits preflight says nothing: {text.strip()[-200:]}")
        return
    for title in _OF_PREFLIGHT:
        fine = checks[title]["outcome"] == "ok"
        yield Found(title, "ok" if fine else "FAILURE", checks[title]["text"], checks[title]["fix"] or "")


def _pictures(folder: Path) -> Found:
    if (folder / MARKER).exists():
        return Found("Pictures", "ok", f"rendered in {folder.relative_to(ROOT)}")
    fix = f"fruits images sample {folder.relative_to(ROOT)}"
    return Found("Pictures", "warning", "not rendered yet: the beginning would take some seconds more", fix)


def _programs(scenes: Sequence[Scene]) -> Iterator[Found]:
    """Look for the programs of commands that are not `fruits`."""
    for scene in scenes:
        for command in scene.typed("en"):
            program = command.split()[0]
            if program == "fruits":
                continue
            if (ROOT / program).exists():
                yield Found(f"Scene {scene.name}", "ok", f"{program} is there")
            else:
                fix = f"make {program.partition('/')[0]}/.installed"
                yield Found(f"Scene {scene.name}", "warning", f"no {program}: its recording would be played", fix)


def _recordings(scenes: Sequence[Scene]) -> Iterator[Found]:
    wrong = [fault for scene in scenes for language in LANGUAGES for fault in outdated(scene, language)]
    for fault in dict.fromkeys(wrong):
        yield Found("Recordings", "FAILURE", fault)
    if not wrong:
        yield Found("Recordings", "ok", f"one for each of {len(scenes)} scenes, with the commands of now")


def _terminal() -> Found:
    if not (sys.stdin.isatty() and out.is_terminal):
        return Found("Terminal", "warning", "this is none: present at one, or with --auto")
    if out.width < WIDE.width or out.height < WIDE.height:
        wanted = f"{WIDE.width} x {WIDE.height} show every scene as recorded"
        return Found("Terminal", "warning", f"{out.width} x {out.height} characters; {wanted}")
    return Found("Terminal", "ok", f"{out.width} x {out.height} characters")
