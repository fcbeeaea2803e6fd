"""``fruits leaks``: what a deployment has left on the bill."""

import json
from typing import Annotated

import typer

from ops.aws.place import find_place
from ops.console import AsJson, Context, out
from ops.teardown.leaks.screen import show
from ops.teardown.leaks.sweep import sweep_place
from ops.teardown.options import Account, known_stack


def leaks(
    *,
    context: Context = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Stack whose things are meant to stay, such as FruitsStorage.", metavar="STACK"),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Look in every region that settings accept.")
    ] = False,
    as_json: AsJson = False,
    account_number: Account = None,
) -> None:
    """Look for all that a deployment has left, in every service, with what each thing costs a month.

    Exit codes: 0 nothing is on the bill, 1 something is or the question could not be asked, 2 wrong usage or setting,
    3 not every service could be asked.
    """
    stacks = [known_stack(name) for name in keep or ()]
    place = find_place(context, number=account_number)
    findings = sweep_place(place, everywhere=everywhere)
    kept = [place.settings.stack_name(name) for name in stacks]
    if as_json:
        typer.echo(json.dumps(findings.as_json(kept), indent=2))
    else:
        show(findings, out, keep=kept)
    raise typer.Exit(findings.exit_code(kept))
