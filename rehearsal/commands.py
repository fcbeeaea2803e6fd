"""``fruits aws``: the embedded AWS alone, for those who want to use `cdk`, `aws` or boto3 by hand."""

from pathlib import Path
from typing import Annotated

import typer

from ops.console import OTHER_ROOTS, Commands, out
from ops.errors import ExitCode, FruitsError
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import DEFAULT_REGION, find_aws
from rehearsal.embedded.daemon import forget, start_aws, stop_aws
from rehearsal.node.daemon import find_node, start_node, stop_node


class AwsCommands(Commands):
    """Commands about the embedded AWS, which imports nothing of ours and has errors of its own."""

    other_roots = {**OTHER_ROOTS, DaemonFailed: ExitCode.FAILED}  # noqa: RUF012 - a ClassVar of the base


aws = typer.Typer(
    cls=AwsCommands, no_args_is_help=True, help="An AWS on this machine, for the stacks and for trying things out."
)

Folder = Annotated[Path, typer.Option(help="Where it keeps all it knows.")]
_FOLDER = Path("build/aws")


@aws.command()
def up(
    folder: Folder = _FOLDER,
    region: Annotated[str, typer.Option(help="Where its clients work.")] = DEFAULT_REGION,
    node: Annotated[bool, typer.Option("--node", help="Have clusters really run their bootstrap and steps.")] = False,
) -> None:
    """Start it; what was deployed before is there again."""
    started = find_aws(folder) or start_aws(folder, region=region)
    worker = (find_node(folder) or start_node(started)) if node else find_node(folder)
    out.print(f"Embedded AWS at {started.endpoint}, log {started.log}", soft_wrap=True)
    if worker:
        out.print(f"Node of its clusters, log {worker.log}", soft_wrap=True)
    option = "" if folder == _FOLDER else f" --folder {folder}"
    out.print(f'In your shell: eval "$(fruits aws env{option})"', soft_wrap=True)


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
def env(folder: Folder = _FOLDER) -> None:
    """Print what a shell needs to use it, instead of the real AWS."""
    running = find_aws(folder)
    if running is None:
        raise FruitsError(f"no embedded AWS runs in {folder}; start it: fruits aws up")
    typer.echo(running.shell())
