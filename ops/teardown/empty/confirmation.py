"""The second confirmation before data is deleted: the name of its bucket."""

import sys

import typer

from ops.errors import FruitsError, WrongUsage


def confirm_bucket_name(bucket: str, given: str | None) -> None:
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
            raise WrongUsage(f"nothing is deleted without the name of the bucket; add --yes-delete {bucket}")
        given = typer.prompt(f"Type the bucket's name to delete all that ({bucket})", default="", show_default=False)
    if given != bucket:
        raise FruitsError(f"{given or '(nothing)'} is not the name of the bucket, {bucket}; nothing is deleted")
