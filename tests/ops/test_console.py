"""The one console: what it prints is what it was given, and how a command ends that fails."""

import ast
import importlib
import inspect
import io
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner, Result

import ops
from infra.errors import DeploymentError
from job.errors import JobError
from ops import cli, console
from ops.errors import Declined, ExitCode, FruitsError, WrongUsage
from rehearsal.commands import AwsCommands
from rehearsal.daemon import DaemonFailed
from rehearsal.scenario.stages import Ended, StageFailed
from rehearsal.scenario.view import LiveView, PlainView

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for folder in ("ops", "rehearsal") for path in (ROOT / folder).rglob("*.py"))
HOSTILE = ["[red] fig", "/data/a[/b]c", "[bold red]error:[/]", ":apple: [link=x]", "[/]", "[[x]]", "trailing \\"]

run = CliRunner().invoke


def printed(show: Callable[[], None], which: Console = console.out) -> str:
    """Return what a console prints."""
    with which.capture() as capture:
        show()
    return capture.get()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("which", [console.out, console.err], ids=["out", "err"])
def test_a_text_is_printed_as_it_is(which: Console, text: str) -> None:
    assert printed(lambda: which.print(text, soft_wrap=True), which) == f"{text}\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_a_heading_and_a_title_are_printed_as_they_are(text: str) -> None:
    table = Table(text, title=text, show_footer=True)
    table.add_row(text)
    assert printed(lambda: console.out.print(table)).count(text) == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_is_printed_as_it_is(text: str) -> None:
    assert printed(lambda: console.complain(text), console.err) == f"error: {text}\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Make standard error a terminal, whose screen is the value."""
    screen = io.StringIO()
    monkeypatch.setattr(console, "err", console.plain_console(file=screen, force_terminal=True, width=300))
    return screen


@pytest.mark.parametrize("text", HOSTILE)
def test_a_status_is_shown_as_it_is(terminal: io.StringIO, text: str) -> None:
    with console.status("Working") as tell:
        tell(text)
    assert text in terminal.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_progress_bar_is_shown_as_it_is(terminal: io.StringIO, text: str) -> None:
    with console.progress_bar(text, "photographs") as advance:
        advance(1, 2)
    assert text in terminal.getvalue()


def test_where_there_is_no_terminal_a_progress_bar_leaves_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(console, "err", console.plain_console(file=file))
    with console.progress_bar("Uploading", "photographs") as advance:
        advance(1, 2)
    assert file.getvalue() == ""


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("view", [LiveView, PlainView])
def test_a_stage_of_a_rehearsal_is_shown_as_it_is(
    terminal: io.StringIO, view: type[LiveView | PlainView], text: str
) -> None:
    with view(console.err, "Rehearsal", [text]) as shown:
        shown.begin(text)
        shown.end(Ended(text, "passed", 1.0, ""))
    assert text in terminal.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "{}"],
        ["images", "sample", "{}"],
        ["price", "--prices", "{}"],
        ["price", "-c", "{}"],
        ["price", "-c", "region={}"],
        ["rehearse", "-c", "region={}"],
        ["runs", "-c", "env={}"],
        ["preflight", "-c", "env={}"],
        ["leaks", "--keep", "{}"],
        ["review", "--app", "{}"],
        ["aws", "env", "--folder", "{}"],
        ["{}"],
    ],
    ids=" ".join,
)
def test_what_a_command_refuses_is_named_as_it_was_given(arguments: list[str], tmp_path: Path) -> None:
    named = "a[/b] [red] :apple:"
    (tmp_path / "a[").mkdir()
    (tmp_path / "a[" / "b] [red] :apple:").write_text("no price", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = run(cli.app, [argument.format(named) for argument in arguments], env={"COLUMNS": "300"})
    assert done.exit_code in {1, 2, 3}, done.output
    assert named in done.stderr


def _ended_by(error: BaseException, cls: type[console.Commands] = console.Commands) -> Result:
    """Run a command that raises."""
    app = typer.Typer(cls=cls)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        """Make this a group: a single command is none."""

    return run(app, ["fail"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FruitsError("no"), ExitCode.FAILED),
        (FruitsError("no", exit_code=ExitCode.INTERRUPTED), ExitCode.INTERRUPTED),
        (WrongUsage("no"), ExitCode.USAGE),
        (DeploymentError("no"), ExitCode.USAGE),
        (JobError("no"), ExitCode.USAGE),
        (StageFailed("no"), ExitCode.FAILED),
    ],
    ids=repr,
)
def test_an_error_for_people_is_one_line_and_its_code(error: Exception, code: ExitCode) -> None:
    done = _ended_by(error)
    assert (done.exit_code, done.stderr, done.stdout) == (code, "error: no\n", "")


def test_an_error_of_a_daemon_is_one_line_and_its_code() -> None:
    done = _ended_by(DaemonFailed("no"), AwsCommands)
    assert (done.exit_code, done.stderr) == (ExitCode.FAILED, "error: no\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()], ids=repr)
def test_an_interrupted_command_ends_with_130(error: BaseException) -> None:
    assert _ended_by(error).exit_code == ExitCode.INTERRUPTED


def test_an_error_that_nobody_expects_keeps_its_traceback() -> None:
    assert isinstance(_ended_by(ZeroDivisionError("no")).exception, ZeroDivisionError)


def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(WrongUsage, match=r"^add --yes$"):
        console.confirm("Sure?", instead="add --yes", declined="nothing is done")


class Keyboard(io.StringIO):
    """A terminal at which somebody has typed."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    console.confirm("Sure?", instead="add --yes", declined="nothing is done")


def test_at_a_terminal_a_no_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    with pytest.raises(Declined, match=r"^nothing is done$"):
        console.confirm("Sure?", instead="add --yes", declined="nothing is done")


def test_a_no_is_told_as_what_was_not_done_and_not_as_an_error() -> None:
    said = _ended_by(Declined("Stopped: nothing was done"))
    assert (said.exit_code, said.stderr) == (ExitCode.FAILED, "Stopped: nothing was done\n")


_OF_THE_NOTEBOOK = ("ops.local.kernel", "ops.notebook.execute", "ops.notebook.page", "ops.notebook.spelling")
"""Modules that run in an environment of their own, where IPython and the dictionaries are."""


def _exceptions_of_ops() -> Iterator[type[Exception]]:
    for info in pkgutil.walk_packages(ops.__path__, "ops."):
        if info.name in _OF_THE_NOTEBOOK:
            continue
        module = importlib.import_module(info.name)
        for item in vars(module).values():
            if inspect.isclass(item) and issubclass(item, Exception) and item.__module__ == info.name:
                yield item


@pytest.mark.cdk  # loads every module of ops
def test_every_exception_of_ops_has_an_exit_code() -> None:
    found = set(_exceptions_of_ops())
    assert len(found) > 20
    assert [item for item in found if not issubclass(item, FruitsError)] == []


_SECOND_WAYS = {
    "a console": r"\bConsole\([^)]|= Console\(\)",
    "a progress bar": r"from rich\.progress import",
    "a status": r"\.status\(f?\"",
    "markup": r"\bmarkup\b|\"[^\"\n]*\[(bold|dim|red|green|yellow|magenta|cyan|/)[^\"\n]*\]",
    "an option --context": r"\"--context\"",
}


def _second_ways(text: str) -> list[str]:
    return [name for name, pattern in _SECOND_WAYS.items() if re.search(pattern, text)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_console_makes_what_there_is_one_of(path: Path) -> None:
    if path != Path(console.__file__):
        assert _second_ways(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("out = Console()", "a console"),
        ("err = Console(stderr=True)", "a console"),
        ("from rich.progress import Progress", "a progress bar"),
        ('with err.status("Checking"):', "a status"),
        ('err.print(f"[bold red]error:[/] {error}")', "markup"),
        ("from rich.markup import escape", "markup"),
        ('typer.Option("--context", "-c")', "an option --context"),
    ],
)
def test_a_second_way_is_found(line: str, way: str) -> None:
    ast.parse(f"{line}\n    pass" if line.endswith(":") else line)
    assert _second_ways(line) == [way]


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x1b]8;;http://x\x1b\\link", "\x9b31m", "a\rb", "a\x08b", "\u202egnp.exe"]
)
def test_what_is_printed_cannot_steer_the_terminal(text: str) -> None:
    table = Table(text)
    table.add_row(text)
    for what in (text, Text(text), console.labelled("error: ", text), table):
        with console.out.capture() as capture:
            console.out.print(what)
        shown = capture.get()
        assert not re.search(r"[\x1b\x9b\r\x08\u202e]", shown)
        assert "\N{REPLACEMENT CHARACTER}" in shown or "ab\n" in shown or "ab " in shown  # Rich drops some itself
