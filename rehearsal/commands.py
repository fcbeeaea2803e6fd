"""``fruits aws``: the embedded AWS alone, for those who want to use `cdk`, `aws` or boto3 by hand."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.residency import EU_REGIONS
from ops.console import OTHER_ROOTS, Commands, out
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.project import ROOT
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import DEFAULT_REGION, EmbeddedAws, find_aws, leave_shell
from rehearsal.embedded.daemon import forget, start_aws, stop_aws
from rehearsal.node.daemon import find_node, start_node, stop_node


class AwsCommands(Commands):
    """Commands about the embedded AWS, which imports nothing of ours and has errors of its own."""

    other_roots = {**OTHER_ROOTS, DaemonFailed: ExitCode.FAILED}  # noqa: RUF012 - a ClassVar of the base


aws = typer.Typer(
    cls=AwsCommands, no_args_is_help=True, help="An AWS on this machine, for the stacks and for trying things out."
)

Folder = Annotated[Path, typer.Option(help="Where it keeps all it knows.", show_default="build/aws of the checkout")]
_FOLDER: Final = ROOT / "build" / "aws"


@aws.command()
def up(
    folder: Folder = _FOLDER,
    region: Annotated[str, typer.Option(help="Where its clients work.")] = DEFAULT_REGION,
    node: Annotated[bool, typer.Option("--node", help="Have clusters really run their bootstrap and steps.")] = False,
) -> None:
    """Start it; what was deployed before is there again."""
    if region not in EU_REGIONS:
        raise WrongUsage(f"--region {region}: not a region of the European Union; accepted: {', '.join(EU_REGIONS)}")
    started = find_aws(folder) or start_aws(folder, region=region)
    worker = (find_node(folder) or start_node(started)) if node else find_node(folder)
    out.print(f"Embedded AWS at {started.endpoint}, log {started.log}", soft_wrap=True)
    if worker:
        out.print(f"Node of its clusters, log {worker.log}", soft_wrap=True)
    option = "" if folder == _FOLDER else f" --folder {shlex.quote(str(folder))}"
    out.print(f"In a shell of its own: fruits aws shell{option}", soft_wrap=True)
    out.print(
        f'In this shell: eval "$(fruits aws env{option})", and back: eval "$(fruits aws env --unset)"', soft_wrap=True
    )


@aws.command()
def down(
    folder: Folder = _FOLDER,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what it knows, too.")] = False,
) -> None:
    """Stop it, and its node."""
    try:
        stop_node(folder)
    finally:
        stopped = stop_aws(folder)
    if delete:
        forget(folder)
    state = "stopped" if stopped else "was not running"
    kept = "; nothing is kept" if delete else f"; {folder} keeps what it knows" if folder.exists() else ""
    out.print(f"Embedded AWS {state}{kept}", soft_wrap=True)


@aws.command()
def env(
    folder: Folder = _FOLDER,
    unset: Annotated[bool, typer.Option("--unset", help="Print what leaves it again.")] = False,
) -> None:
    """Print what a shell needs to use it, instead of the real AWS; --unset prints what leaves it.

    While it does not run, what is printed fails in the shell: eval "$(fruits aws env)" && cdk deploy goes nowhere.
    """
    if unset:
        typer.echo(leave_shell())
        return
    try:
        typer.echo(_running(folder).shell())
    except (FruitsError, DaemonFailed):
        typer.echo("false")
        raise


@aws.command(context_settings={"ignore_unknown_options": True})
def shell(
    command: Annotated[
        list[str] | None, typer.Argument(help="A command instead of a shell.", show_default=False)
    ] = None,
    folder: Folder = _FOLDER,
) -> None:
    """Open a shell in which all commands use it, and that leaves the surrounding one as it is; or run one command."""
    running = _running(folder)
    words = command or [os.environ.get("SHELL", "/bin/sh")]
    try:
        ended = subprocess.run(words, env=running.inside(Path(sys.executable).parent), check=False)
    except OSError as error:
        raise WrongUsage(
            f"{words[0]}: cannot be started ({error.strerror}); accepted: a command and its words"
        ) from None
    raise typer.Exit(ended.returncode if ended.returncode >= 0 else 128 - ended.returncode)


def _running(folder: Path) -> EmbeddedAws:
    running = find_aws(folder)
    if running is None:
        option = "" if folder == _FOLDER else f" --folder {shlex.quote(str(folder))}"
        raise FruitsError(f"no embedded AWS runs in {folder}; start it: fruits aws up{option}")
    return running
