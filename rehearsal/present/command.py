"""``fruits present``: the demonstration, live against the rehearsal's AWS, with recordings for what goes wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from job.notebook.words import Language
from ops.console import complain, err, labelled, out, status, termination_as_interrupt
from ops.errors import ExitCode, FruitsError, WrongUsage
from rehearsal.daemon import DaemonFailed
from rehearsal.present.audience import Audience, take_none, take_time
from rehearsal.present.backstage import FOLDER, Backstage, new_host, prepare, standing
from rehearsal.present.checking import Found, check
from rehearsal.present.comparing import outdated
from rehearsal.present.recording import WIDE, cast_of, record
from rehearsal.present.scenes import Scene, read_scenes
from rehearsal.present.show import UNHURRIED, Played, Show
from rehearsal.present.terminal import Size
from rehearsal.rehearse import EXPECTED
from rehearsal.scenario.host import Host
from rehearsal.scenario.view import duration

_STYLES: Final = {"ok": "green", "warning": "yellow", "FAILURE": "bold red"}


class Lang(StrEnum):
    """Languages of the sentences."""

    fr = "fr"
    en = "en"


def present(
    *,
    lang: Annotated[Lang, typer.Option(help="Language of the sentences.")] = Lang.fr,
    first: Annotated[
        int, typer.Option("--from", min=1, help="Begin with this scene; what it needs is done before, unseen.")
    ] = 1,
    scene: Annotated[list[str] | None, typer.Option(help="Only this scene, by its name; may be given again.")] = None,
    auto: Annotated[bool, typer.Option("--auto", help="Wait for no key, and compare with the recordings.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Only list the scenes and their commands.")] = False,
    folder: Annotated[
        Path,
        typer.Option(help="Where the embedded AWS keeps all it knows.", show_default="build/present of the checkout"),
    ] = FOLDER,
    check_only: Annotated[
        bool, typer.Option("--check", help="Only see whether all is there, before going on stage.")
    ] = False,
    record_only: Annotated[bool, typer.Option("--record", help="Make the recordings, in both languages.")] = False,
) -> None:
    """Present the project in minutes: each scene is said, typed and really run in an embedded AWS on this machine.

    What fails or takes too long is played from its recording, and labelled as that. Nothing is left running.
    """
    scenes = read_scenes()
    chosen = _chosen(scenes, first, scene or [])
    if listed:
        _list(scenes, lang.value)
    elif check_only:
        _report(check(scenes, folder))
    elif record_only:
        _record(scenes, chosen, new_host(folder))
    else:
        _present(scenes, chosen, lang.value, new_host(folder), auto=auto)


def _chosen(scenes: tuple[Scene, ...], first: int, names: list[str]) -> list[str]:
    known = [scene.name for scene in scenes]
    if first > len(known):
        raise WrongUsage(f"--from {first}: there are {len(known)} scenes; see them: fruits present --list")
    for name in names:
        if name not in known:
            raise WrongUsage(f"--scene {name}: no such scene; accepted: {', '.join(known)}")
    return [name for name in known[first - 1 :] if not names or name in names]


def _list(scenes: tuple[Scene, ...], language: Language) -> None:
    for number, scene in enumerate(scenes, start=1):
        out.print(Text.assemble(f"{number}  ", (scene.name, "bold"), f"  {scene.title.text(language)}"))
        for command in scene.typed(language):
            out.print(f"     {command}", soft_wrap=True)


def _report(found: list[Found]) -> None:
    wide = max(len(one.title) for one in found)
    for one in found:
        out.print(
            Text.assemble((f"{one.outcome:8}", _STYLES[one.outcome]), f" {one.title:{wide}}  {one.text}"),
            soft_wrap=True,
        )
        if one.fix:
            out.print(f"{'':9}{'':{wide}}  {one.fix}", soft_wrap=True)
    if any(one.outcome == "FAILURE" for one in found):
        raise typer.Exit(ExitCode.FAILED)


def _record(scenes: tuple[Scene, ...], chosen: list[str], host: Host) -> None:
    with _standing(host, scenes), status("Recording") as tell:
        faults = record(scenes, chosen, prepare(host, tell), tell=tell)
    for fault in faults:
        complain(fault)
    if faults:
        raise typer.Exit(ExitCode.FAILED)
    out.print("Recorded; look at them: git diff --stat docs/recordings, fruits present --check")


def _present(scenes: tuple[Scene, ...], chosen: list[str], language: Language, host: Host, *, auto: bool) -> None:
    people = out.is_terminal
    if not auto and not (people and sys.stdin.isatty()):
        raise WrongUsage("nobody can press a key here; run it at a terminal, or add --auto")
    pause = take_time if people else take_none
    audience = Audience(console=out, language=language, waits=not auto, pause=pause)
    with _standing(host, scenes):
        size = WIDE if auto else Size(out.width, out.height)
        backstage = _backstage(host, size, browser=not auto)
        show = Show(audience=audience, backstage=backstage, patience=UNHURRIED if auto else 1.0)
        played = [*show.play(scenes, chosen)]
    _conclude(played, language, auto=auto)


def _backstage(host: Host, size: Size, *, browser: bool) -> Backstage | None:
    """Prepare what scenes run on; None if that fails, for an audience is there and recordings are, too."""
    try:
        with status("Preparing") as tell:
            return Backstage(prepare(host, tell), size=size, browser=browser)
    except EXPECTED as error:
        complain(f"what the scenes run on cannot be prepared, so that recordings are played: {error}")
        return None


@contextmanager
def _standing(host: Host, scenes: tuple[Scene, ...]) -> Iterator[None]:
    """Leave nothing running, whatever happens; after Ctrl-C say what stood."""
    with termination_as_interrupt():
        try:
            yield
        except KeyboardInterrupt:
            try:
                there = standing(host)
            finally:
                _stop(host, delete=False)
            _explain(there, len(scenes), host.folder)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BaseException:
            _stop(host, delete=False)
            raise
        _stop(host, delete=True)


def _stop(host: Host, *, delete: bool) -> None:
    try:
        host.stop(delete=delete)
    except DaemonFailed as error:
        raise FruitsError(f"{error}; see what runs: fruits aws down --folder {host.folder}") from None


def _explain(there: list[str], scenes: int, folder: Path) -> None:
    err.print()
    err.print(
        labelled("Stopped", ": the command that ran, the embedded AWS and its node; nothing runs on", "bold yellow")
    )
    for item in there:
        err.print(f"  stood: {item}", soft_wrap=True)
    err.print("  It was all on this machine, and costs nothing.", soft_wrap=True)
    go_on = f"fruits present --from N, with N from 1 to {scenes}: what scene N needs is done first"
    err.print(f"  go on: {go_on}", soft_wrap=True)
    err.print(
        f"  logs and what stood: {folder}; delete them: fruits aws down --delete --folder {folder}", soft_wrap=True
    )


def _conclude(played: list[Played], language: Language, *, auto: bool) -> None:
    out.print()
    for one in played:
        how = Text("recording", "yellow") if one.why else Text("live", "green")
        out.print(
            Text.assemble(f"{one.scene.name:10}", how, f"  {one.why.en if one.why else duration(one.seconds)}"),
            soft_wrap=True,
        )
    if not auto:
        return
    faults = [f"{one.scene.name}: {one.why.en}" for one in played if one.why]
    for one in played:
        if not one.why:
            faults += outdated(one.scene, language, cast_of(one, language).lines)
    for fault in faults:
        complain(fault)
    if faults:
        raise typer.Exit(ExitCode.FAILED)
