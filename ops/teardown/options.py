"""Options that the commands of the end share."""

from typing import Annotated

import typer

from infra.names import STACKS
from ops.errors import WrongUsage

Account = Annotated[
    str | None, typer.Option("--account", help="Fail unless the credentials are of this account.", metavar="NUMBER")
]
BucketName = Annotated[
    str | None,
    typer.Option("--yes-delete", help="Name of the data bucket, to confirm without being asked.", metavar="BUCKET"),
]


def known_stack(name: str) -> str:
    """Check the name of a stack, as `cdk` calls it.

    Raises
    ------
    WrongUsage
        If there is no such stack.
    """
    if name not in STACKS:
        raise WrongUsage(f"{name} is not a stack; accepted: {', '.join(STACKS)}")
    return name
