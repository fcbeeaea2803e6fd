"""``fruits aws``: the embedded AWS alone, for those who want to use `cdk`, `aws` or boto3 by hand."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from rehearsal.embedded.aws import DEFAULT_REGION, AwsFailed, find_aws
from rehearsal.embedded.process import forget, start_aws, stop_aws
from rehearsal.node.process import NodeFailed, find_node, start_node, stop_node

aws = typer.Typer(no_args_is_help=True, help="An AWS on this machine, for the stacks and for trying things out.")
out = Console()
err = Console(stderr=True)

Folder = Annotated[Path, typer.Option(help="Where it keeps all it knows.")]
_FOLDER = Path("build/aws")


@aws.command()
def up(
    folder: Folder = _FOLDER,
    region: Annotated[str, typer.Option(help="Where its clients work.")] = DEFAULT_REGION,
    node: Annotated[bool, typer.Option("--node", help="Have clusters really run their bootstrap and steps.")] = False,
) -> None:
    """Start it; what was deployed before is there again."""
    try:
        started = find_aws(folder) or start_aws(folder, region=region)
        worker = (find_node(folder) or start_node(started)) if node else find_node(folder)
    except (AwsFailed, NodeFailed) as error:
        _fail(error)
    out.print(f"Embedded AWS at {started.endpoint}, log {started.log}", soft_wrap=True, highlight=False)
    if worker:
        out.print(f"Node of its clusters, log {worker.log}", soft_wrap=True, highlight=False)
    option = "" if folder == _FOLDER else f" --folder {folder}"
    out.print(f'In your shell: eval "$(fruits aws env{option})"', soft_wrap=True, highlight=False)


@aws.command()
def down(
    folder: Folder = _FOLDER,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what it knows, too.")] = False,
) -> None:
    """Stop it, and its node."""
    try:
        stop_node(folder)
        stopped = stop_aws(folder)
        if delete:
            forget(folder)
    except (AwsFailed, NodeFailed) as error:
        _fail(error)
    state = "stopped" if stopped else "was not running"
    kept = "; nothing is kept" if delete else f"; {folder} keeps what it knows" if folder.exists() else ""
    out.print(f"Embedded AWS {state}{kept}", soft_wrap=True, highlight=False)


@aws.command()
def env(folder: Folder = _FOLDER) -> None:
    """Print what a shell needs to use it, instead of the real AWS."""
    running = find_aws(folder)
    if running is None:
        _fail(AwsFailed(f"no embedded AWS runs in {folder}; start it: fruits aws up"))
    typer.echo(running.shell())


def _fail(error: AwsFailed | NodeFailed) -> NoReturn:
    err.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from None
