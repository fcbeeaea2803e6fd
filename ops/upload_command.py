"""``fruits images upload``: photographs of a folder to the data bucket."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ops.runs.objects import Folder
from ops.runs.target import FAILED, Context, err, fail, one_line_errors, out, target
from ops.upload import carry_out
from ops.upload_plan import UploadPlan, plan_upload

_NAMED: Final = 5


def upload_images(
    folder: Annotated[Path, typer.Argument(help="Photographs: FOLDER/…/<label>/<file>.")],
    values: Context = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Also delete from S3 what is no longer in the folder.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before photographs are deleted.")] = False,
) -> None:
    """Upload photographs to the deployment: only what is new or changed; they keep their names below FOLDER."""
    with one_line_errors():
        chosen = target(values)
        where = Folder(chosen.client, chosen.deployment.output("FruitsStorage", "ImagesUri")).location
        with err.status("Comparing"):
            plan = plan_upload(chosen.client, folder, str(where.bucket), where.path)
        deleting = delete and bool(plan.gone)
        if deleting:
            _confirm(plan, yes=yes)
        with _bar() as bar:
            task = bar.add_task("Uploading", total=None)
            summary = carry_out(
                chosen.client,
                plan,
                lambda done, total: bar.update(task, completed=done, total=total),
                delete=delete,
            )
    parts = [f"{summary.uploaded:,} uploaded ({plan.size / 1e6:,.1f} MB)", f"{summary.unchanged:,} there already"]
    if summary.deleted:
        parts.append(f"{summary.deleted:,} deleted")
    elif plan.gone:
        parts.append(f"{len(plan.gone):,} only there (--delete removes them)")
    out.print(f"{plan.uri}: {', '.join(parts)}", highlight=False, soft_wrap=True)
    if summary.unreadable:
        named = "; ".join(f"{path}: {why}" for path, why in list(summary.unreadable.items())[:_NAMED])
        fail(f"{len(summary.unreadable):,} files could not be read ({named}); the others are uploaded", FAILED)


def _confirm(plan: UploadPlan, *, yes: bool) -> None:
    """Show what would be deleted, and ask.

    Without a terminal nobody can be asked, and nothing is deleted unasked.
    """
    out.print(
        f"{len(plan.gone):,} photographs of {plan.uri} are not in {plan.folder} and will be deleted:",
        highlight=False,
        soft_wrap=True,
    )
    out.print(_names(plan.gone), highlight=False, markup=False, soft_wrap=True)
    if yes:
        return
    if not out.is_terminal:
        fail("nobody to ask whether these may be deleted; add --yes, or leave --delete out", FAILED)
    if not typer.confirm("Delete them?"):
        raise typer.Exit(FAILED)


def _names(paths: Sequence[str]) -> str:
    more = [f"… and {len(paths) - _NAMED:,} more"] if len(paths) > _NAMED else []
    return "\n".join(f"  {line}" for line in [*paths[:_NAMED], *more])


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("photographs"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
