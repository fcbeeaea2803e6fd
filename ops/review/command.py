"""``fruits review``: what a deployment would change, cost and risk."""

import json
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from ops.aws.place import find_place
from ops.completion import complete_stack
from ops.console import AsJson, Context, one_line_errors, out, status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.review.consequences import Verdict

if TYPE_CHECKING:  # cfn-lint alone takes a second to load, which no other command is to pay
    from ops.review.conclusion import Review

NO_VERDICT: Final = ExitCode.INCOMPLETE
"""Exit code where there is no verdict: a mistake in the command or in the settings, AWS that does not answer."""


class FailOn(StrEnum):
    """From which verdict on the exit code is not 0."""

    differences = "differences"
    destructive = "destructive"
    never = "never"


_LEAST: Final = {
    FailOn.differences: Verdict.DIFFERENCES,
    FailOn.destructive: Verdict.DESTRUCTIVE,
    FailOn.never: NO_VERDICT,
}


def exit_code(verdict: int, fail_on: FailOn) -> int:
    """Return the exit code: the verdict if it is one to fail on, else 0."""
    return verdict if verdict >= _LEAST[fail_on] else 0


class VerdictCommand(TyperCommand):
    """A command whose exit codes 1 and 2 are verdicts, so that nothing else may end with them."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Take wrong usage, which has the code 2 elsewhere, for no verdict."""
        try:
            return super().make_context(*arguments, **more)
        except TyperException as error:
            error.exit_code = NO_VERDICT
            raise

    def invoke(self, ctx: Any) -> Any:
        """Take what nobody expected, for which Python has the code 1, for no verdict."""
        try:
            with one_line_errors(exit_code=NO_VERDICT):
                return super().invoke(ctx)
        except (TyperException, typer.Exit):
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            raise typer.Exit(NO_VERDICT) from None


REGISTRATION: Final = {"cls": VerdictCommand}


def review(
    context: Context = None,
    *,
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", help="Review this stack alone; may be given again.", autocompletion=complete_stack),
    ] = None,
    app: Annotated[
        Path | None, typer.Option("--app", help="A synthesised app (cdk.out), instead of app.py with settings.")
    ] = None,
    markdown: Annotated[
        str | None, typer.Option("--markdown", help="Write it for a pull request into this file, or - to print that.")
    ] = None,
    as_json: AsJson = False,
    plan: Annotated[
        Path | None,
        typer.Option("--out", help="Keep what was reviewed in this folder, for `fruits deploy`.", metavar="PLAN"),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="From which verdict on the exit code is not 0.")
    ] = FailOn.differences,
) -> None:
    """Say what `cdk deploy` would change, cost and risk. Nothing is deployed and nothing left behind.

    Exit code 0: nothing differs. 1: differences. 2: destructive, the cluster or data would be lost. 3: no verdict.
    """
    if app is not None and context:
        raise WrongUsage("--app has its settings already; give -c where the app is synthesised, or leave --app out")
    if as_json and markdown == "-":
        raise WrongUsage(
            "--json and --markdown -: both would be printed; accepted: one of them, or a file for Markdown"
        )
    if app is not None and plan is not None:
        raise WrongUsage("--out keeps an app that it synthesises itself; leave --app out, and give -c")
    from ops.review.review import review as review_app  # noqa: PLC0415
    from ops.review.review import review_place  # noqa: PLC0415

    with status("Reviewing") as show_status:
        options: dict[str, Any] = {"only": stack or (), "progress": show_status}
        found = review_app(app, **options) if app else review_place(find_place(context), keep=plan, **options)
    _write(found, markdown, as_json=as_json)
    if plan is not None and markdown != "-" and not as_json:
        out.print(f"Kept: deploy it with fruits deploy {plan}", soft_wrap=True)
    raise typer.Exit(exit_code(found.verdict, fail_on))


def _write(found: "Review", markdown: str | None, *, as_json: bool) -> None:
    from ops.review.facts import facts  # noqa: PLC0415
    from ops.review.markdown import render  # noqa: PLC0415
    from ops.review.screen import show  # noqa: PLC0415

    if markdown == "-":
        typer.echo(render(found), nl=False)
        return
    if as_json:
        typer.echo(json.dumps(facts(found), indent=2))
    else:
        show(found, out)
    if markdown:
        try:
            Path(markdown).write_text(render(found), encoding="utf-8")
        except OSError as error:
            raise FruitsError(
                f"--markdown {markdown}: cannot be written ({error.strerror}); give another file, or - to print it"
            ) from None
