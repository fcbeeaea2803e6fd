"""The terminal: consoles, the options that commands share, questions, and how a command ends that fails.

Nothing that these consoles print is read as Rich's markup: paths, labels and messages may hold ``[/x]`` and
``:apple:``. What is to be bold or coloured is a `rich.text.Text`.
"""

import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any, ClassVar, Final, NoReturn, Protocol

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.text import Text
from typer.core import TyperGroup

from infra.errors import DeploymentError
from job.errors import JobError
from ops.completion import complete_setting
from ops.encoding import print_anything
from ops.errors import Declined, ExitCode, FruitsError, WrongUsage

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys instead of showing: escapes, returns, and changes of the direction of writing."""


class PlainConsole(Console):
    """Prints what it is given: characters that a terminal would obey are shown as a replacement character."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render, with what others wrote (labels, logs, messages of AWS) unable to steer the terminal."""
        for segment in super().render(renderable, options):
            harmless = segment.control is not None or not _CONTROL.search(segment.text)
            yield (
                segment if harmless else Segment(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style)
            )


def plain_console(**options: Any) -> Console:
    """Make a console that prints what it is given, with further options of Rich's."""
    return PlainConsole(markup=False, emoji=False, highlight=False, **options)


out: Final = plain_console()
err: Final = plain_console(stderr=True)

Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        "-c",
        help="Setting key=value, as for cdk: env=dev, region=eu-west-1; may be given again.",
        metavar="KEY=VALUE",
        autocompletion=complete_setting,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/commands.md says what is in it.")]

OTHER_ROOTS: Final[Mapping[type[Exception], ExitCode]] = {
    DeploymentError: ExitCode.USAGE,
    JobError: ExitCode.USAGE,
}
"""Errors for people whose packages import nothing from here: both are about what was given."""


_ADVICE: Final[Mapping[type[OSError] | tuple[type[OSError], ...], str]] = {
    FileNotFoundError: "see whether the folder is there, or name another one",
    (FileExistsError, NotADirectoryError): "a folder is needed, and this is none, or is below a file: name another one",
    IsADirectoryError: "a file is needed, and this is a folder",
    PermissionError: "name a place that you may write to and read from",
}
"""What to do about a file that the system refuses."""


class Commands(TyperGroup):
    """A group of commands that end with one line on standard error for what a person can act on.

    Attributes
    ----------
    other_roots
        Exit codes of errors that are no `FruitsError`.
    """

    other_roots: ClassVar[Mapping[type[Exception], ExitCode]] = OTHER_ROOTS

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line and run what it says, with output that any terminal takes."""
        print_anything()
        return super().main(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with one_line_errors(other_roots=self.other_roots):
            return super().invoke(ctx)


@contextmanager
def one_line_errors(
    *, exit_code: int | None = None, other_roots: Mapping[type[Exception], ExitCode] = OTHER_ROOTS
) -> Iterator[None]:
    """End the command with the message and the exit code of an error, or with `exit_code` for all of them."""
    try:
        yield
    except Declined as error:
        err.print(str(error), soft_wrap=True)
        raise typer.Exit(error.exit_code if exit_code is None else exit_code) from None
    except FruitsError as error:
        fail(str(error), error.exit_code if exit_code is None else exit_code)
    except tuple(other_roots) as error:
        code = next(code for root, code in other_roots.items() if isinstance(error, root))
        fail(str(error), code if exit_code is None else exit_code)
    except KeyboardInterrupt:
        complain("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        fail(explain(error), ExitCode.FAILED if exit_code is None else exit_code)
    except typer.Abort:  # Ctrl-C, or the end of the input, where a question was asked
        complain("interrupted at a question")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM, as build servers send it, end a command as orderly as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def explain(error: OSError) -> str:
    """Return one line on what the system refused, of which file, and what may be done."""
    reason = error.strerror or str(error) or type(error).__name__
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    if not names:
        return f"the system says: {reason}"
    advice = next((text for kinds, text in _ADVICE.items() if isinstance(error, kinds)), "name another one")
    return f"{' -> '.join(names)}: {reason[0].lower()}{reason[1:]}; {advice}"


def fail(message: str, code: int = ExitCode.FAILED) -> NoReturn:
    """Print what went wrong, and end the command."""
    complain(message)
    raise typer.Exit(code) from None


def complain(message: str) -> None:
    """Print what went wrong."""
    err.print(labelled("error: ", message.removeprefix("error: "), "bold red"), soft_wrap=True)


def labelled(label: str, text: str, style: str = "bold") -> Text:
    """Put a word in a style before a text without one."""
    return Text.assemble((label, style), text)


def confirm(question: str, *, instead: str, declined: str) -> None:
    """Ask at a terminal.

    Parameters
    ----------
    question
        To be answered with yes or no.
    instead
        What to do where there is no terminal.
    declined
        What it means that the answer was no.

    Raises
    ------
    WrongUsage
        If nobody can be asked.
    Declined
        If the answer was no.
    """
    if not sys.stdin.isatty():
        raise WrongUsage(instead)
    if not typer.confirm(question):
        raise Declined(declined)


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal what goes on meanwhile; gives a function that shows something else."""
    with err.status(Text(text)) as shown:
        yield lambda other: shown.update(Text(other))


class Advance(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, total: int | None, /, *, doing: str | None = None) -> None:
        """Show how much is done of how much, and optionally what is being done."""


@contextmanager
def progress_bar(doing: str, unit: str) -> Iterator[Advance]:
    """Show a bar on standard error as long as the block runs; where that is no terminal, nothing, not even a line."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(doing, total=None)

        def advance(done: int, total: int | None, /, *, doing: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=doing)

        yield advance
