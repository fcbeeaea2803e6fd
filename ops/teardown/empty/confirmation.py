"""The second confirmation before data is deleted: the name of its bucket."""

import sys

import typer

from ops.errors import FruitsError, WrongUsage
from ops.teardown.empty.plan import EmptyingPlan


def confirm_bucket_name(plan: EmptyingPlan, given: str | None) -> None:
    """Compare the name that was given, or is typed now, with that of the bucket.

    Raises
    ------
    WrongUsage
        If none was given and nobody can be asked.
    FruitsError
        If it is another name.
    """
    if given is None:
        if not sys.stdin.isatty():
            raise WrongUsage(f"nothing is deleted without the name of the bucket; add --yes-delete {plan.bucket}")
        given = typer.prompt(
            f"Type the bucket's name to delete all that ({plan.bucket})", default="", show_default=False
        )
    if given != plan.bucket:
        raise FruitsError(f"{given or '(nothing)'} is not the name of the bucket, {plan.bucket}; nothing is deleted")
