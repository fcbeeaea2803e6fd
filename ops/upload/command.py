"""``fruits images upload``: photographs of a folder to the data bucket."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from ops.aws.place import find_place
from ops.aws.s3.folder import Folder
from ops.console import Context, confirm, out, progress_bar, status
from ops.errors import FruitsError
from ops.quantities import size
from ops.upload.plan import UploadPlan, plan_upload
from ops.upload.storage import STORAGE, with_storage
from ops.upload.transfer import carry_out

_NAMED: Final = 5


def upload(
    folder: Annotated[Path, typer.Argument(help="Photographs: FOLDER/…/<label>/<file>.")],
    values: Context = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Also delete from S3 what is no longer in the folder.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before buckets are made or photographs deleted.")
    ] = False,
    strip_metadata: Annotated[
        bool | None,
        typer.Option(
            "--strip-metadata/--keep-metadata",
            help="Leave place, time and device of JPEG, PNG and WebP here; pixels stay as they are.",
            show_default="the setting strip_metadata",
        ),
    ] = None,
) -> None:
    """Upload photographs to the deployment: only what is new or changed; they keep their names below FOLDER.

    The first time, it offers to deploy the buckets.
    """
    place = with_storage(find_place(values), folder, yes=yes)
    where = Folder(place.client, place.deployment.output(STORAGE, "ImagesUri")).location
    with status("Comparing"):
        strip = place.settings.strip_metadata if strip_metadata is None else strip_metadata
        plan = plan_upload(place.client, folder, str(where.bucket), where.path, strip=strip)
    deleting = delete and bool(plan.gone)
    if deleting:
        _confirm(plan, yes=yes)
    with progress_bar("Uploading", "photographs") as advance:
        summary = carry_out(place.client, plan, advance, delete=delete)
    parts = [f"{summary.uploaded:,} uploaded ({size(plan.size)})", f"{summary.unchanged:,} there already"]
    if summary.deleted:
        parts.append(f"{summary.deleted:,} deleted")
    elif plan.gone:
        parts.append(f"{len(plan.gone):,} only there (--delete removes them)")
    out.print(f"{plan.uri}: {', '.join(parts)}", soft_wrap=True)
    if strip:
        out.print("uploaded without metadata but the orientation (--keep-metadata keeps it)")
    if plan.left_out:
        out.print(f"left out: {plan.left_out}", soft_wrap=True)
    if summary.unreadable:
        named = "; ".join(f"{path}: {why}" for path, why in list(summary.unreadable.items())[:_NAMED])
        raise FruitsError(f"{len(summary.unreadable):,} files are not uploaded ({named}); the others are")


def _confirm(plan: UploadPlan, *, yes: bool) -> None:
    """Show what would be deleted, and ask.

    Without a terminal nobody can be asked, and nothing is deleted unasked.
    """
    out.print(
        f"{len(plan.gone):,} photographs of {plan.uri} are not in {plan.source.folder} and will be deleted:",
        soft_wrap=True,
    )
    out.print(_names(plan.gone), soft_wrap=True)
    if not yes:
        confirm(
            "Delete them?",
            instead="nobody to ask whether these may be deleted; add --yes, or leave --delete out",
            declined="Stopped: nothing was uploaded or deleted",
        )


def _names(paths: Sequence[str]) -> str:
    more = [f"… and {len(paths) - _NAMED:,} more"] if len(paths) > _NAMED else []
    return "\n".join(f"  {line}" for line in [*paths[:_NAMED], *more])
