"""The demonstration: what is played live, what by its recording, what is told, and that nothing runs on."""

import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from ops.errors import ExitCode
from rehearsal.embedded.aws import find_aws
from rehearsal.node.daemon import find_node
from rehearsal.present.audience import Audience, take_none
from rehearsal.present.backstage import Backstage
from rehearsal.present.cast import Cast
from rehearsal.present.recording import WIDE, cast_of
from rehearsal.present.scenes import Scene
from rehearsal.present.show import Played, Show
from rehearsal.present.terminal import run_in_terminal
from tests.imports import PROJECT
from tests.rehearsal.clusters import wait_for

_WAITS = (
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print('waits', flush=True); time.sleep(600)"
)


def _scene(name: str, *commands: str, **given: object) -> Scene:
    both = {"fr": f"{name} en français", "en": f"{name} in English"}
    return Scene.model_validate(
        {"name": name, "title": both, "says": both, "commands": commands, "seconds": 30.0, **given}
    )


def _python(program: str) -> str:
    return f'{sys.executable} -c "{program}"'


def _recording(folder: Path, *names: str) -> Path:
    for name in names:
        cast = Cast(commands=("x",), width=80, height=24, outputs=((0.0, f"as {name} was recorded\r\n"),))
        (folder / f"{name}.cast").write_text(cast.text(), encoding="utf-8")
    return folder


def _play(scenes: list[Scene], folder: Path, *chosen: str) -> tuple[list[Played], str]:
    screen = Console(file=StringIO(), width=WIDE.width)
    audience = Audience(console=screen, language="en", waits=False, pause=take_none)
    backstage = Backstage(dict(os.environ), size=WIDE, browser=False)
    show = Show(audience=audience, backstage=backstage, recordings=folder)
    played = [*show.play(scenes, chosen or [scene.name for scene in scenes])]
    assert isinstance(screen.file, StringIO)
    return played, screen.file.getvalue()


def test_a_scene_is_said_typed_and_really_run_in_a_terminal(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = f"import sys; open('{mark}', 'w').close(); print('a terminal:', sys.stdout.isatty())"
    (played,), said = _play([_scene("one", _python(program))], tmp_path)
    assert (played.why, mark.exists()) == (None, True)
    assert said.index("one in English") < said.index("-c ") < said.index("a terminal: True")
    assert "RECORDING" not in said
    assert cast_of(played, "en").lines[-1] == "a terminal: True"


@pytest.mark.parametrize(
    ("command", "seconds", "why"),
    [
        (_python("raise SystemExit(3)"), 30.0, "ended with code 3"),
        (_python(_WAITS), 1.0, "not done within 1 s"),
        ("no-such-program --at-all", 30.0, "cannot start no-such-program (No such file"),
    ],
)
def test_what_fails_live_is_played_from_its_recording_and_labelled(
    tmp_path: Path, command: str, seconds: float, why: str
) -> None:
    (played,), said = _play([_scene("one", command, seconds=seconds)], _recording(tmp_path, "one"))
    assert played.why is not None
    assert played.why.en.startswith(why)
    label, recorded, end = map(said.index, ("RECORDING", "as one was recorded", "end of the recording"))
    assert label < recorded < end
    assert why in said[:label]


def test_what_needs_a_scene_that_failed_is_played_from_its_recording(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    second = _scene("two", _python(f"open('{mark}', 'w').close()"), needs=["one"])
    played, said = _play([_scene("one", "false"), second], _recording(tmp_path, "one", "two"))
    reasons = [one.why.en for one in played if one.why]
    assert reasons == ["ended with code 1", "the scene one, needed here, failed"]
    assert "as two was recorded" in said
    assert not mark.exists()


def test_without_a_recording_that_is_said_and_the_show_goes_on(tmp_path: Path) -> None:
    played, said = _play([_scene("one", "false"), _scene("two", "true")], tmp_path)
    assert [bool(one.why) for one in played] == [True, False]
    assert "there is no recording: one.cast" in said


def test_begun_later_only_what_is_needed_runs_before_unseen(tmp_path: Path) -> None:
    scenes = [
        _scene("idle", _python(f"open('{tmp_path / 'idle'}', 'w').close()")),
        _scene("first", _python(f"open('{tmp_path / 'first'}', 'w').close(); print('secret')")),
        _scene("second", "true", needs=["first"]),
    ]
    (played,), said = _play(scenes, tmp_path, "second")
    assert played.why is None
    assert ((tmp_path / "idle").exists(), (tmp_path / "first").exists()) == (False, True)
    assert "secret" not in said
    assert "Behind the scenes: first in English" in said


def test_what_a_late_command_has_started_ends_with_it(tmp_path: Path) -> None:
    said: list[str] = []
    words = ["bash", "-c", f'{_python(_WAITS)} & echo "pid $!"; wait']
    enough = 10.0  # for a shell to name what it has started, on whatever machine
    ran = run_in_terminal(words, environment=os.environ, folder=tmp_path, size=WIDE, seconds=enough, write=said.append)
    assert ran.late
    number = int("".join(said).partition("pid ")[2].split()[0])
    wait_for(lambda: not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE)


_PRESENTS = """
import sys, typer
from rehearsal.present import command
from rehearsal.present.scenes import Scene
scene = Scene.model_validate_json(sys.argv.pop(1))
command.read_scenes = lambda: (scene,)
command.prepare = lambda host, report: (host.start(report), host.environment)[1]
typer.run(command.present)
"""
"""The command with one scene, and nothing deployed before it."""


def test_interrupted_it_stops_all_that_it_has_started_and_says_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "aws"
    scene = _scene("one", _python("import os; print('process', os.getpid(), 'of the scene'); " + _WAITS))
    words = [sys.executable, "-c", _PRESENTS, scene.model_dump_json(), "--auto", "--folder", str(folder)]
    with subprocess.Popen(
        words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        number = next(int(line.split()[1]) for line in lines if line.startswith("process "))
        assert any(line.startswith("waits") for line in lines)
        started = (find_aws(folder), find_node(folder), psutil.pid_exists(number))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
        said = process.communicate()[1]
    assert all(started), said
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert "Stopped: the command that ran, the embedded AWS and its node; nothing runs on" in said
    assert f"delete them: fruits aws down --delete --folder {folder}" in said
    assert "Traceback" not in said
    assert (find_aws(folder), find_node(folder), psutil.pid_exists(number)) == (None, None, False)
    assert (folder / "aws.log").exists()
