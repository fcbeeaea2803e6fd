"""What a rehearsal can know before its first stage: said in the first second, not after minutes."""

import tempfile
from pathlib import Path

from infra.settings import DeploymentSettings
from ops.build.wheelhouse import this_machine
from ops.errors import FruitsError, WrongUsage
from rehearsal.daemon import DaemonFailed
from rehearsal.embedded.aws import find_aws
from rehearsal.embedded.daemon import is_foreign
from rehearsal.scenario.photographs import find_photographs
from rehearsal.scenario.stages import StageFailed


def refuse_at_once(*, settings: DeploymentSettings, images: Path | None, output: Path, folder: Path) -> None:
    """Check what a rehearsal is given.

    Parameters
    ----------
    settings
        Settings of the deployment.
    images
        Folder of photographs; None for a rendered sample.
    output
        Where the report is to go.
    folder
        Where the embedded AWS is to keep what it knows.

    Raises
    ------
    WrongUsage
        If there are no photographs, or nothing can be written, or the folder holds something else, or the nodes would
        be of another architecture than this machine.
    FruitsError
        If another rehearsal, or an embedded AWS, is at work in the folder.
    """
    _require_own_architecture(settings)
    if images is not None:
        _require_photographs(images)
    _require_own(folder)
    for option, path in (("--output", output), ("--folder", folder)):
        _require_writable(option, path)


def _require_own_architecture(settings: DeploymentSettings) -> None:
    here = this_machine()
    if settings.architecture != here:
        raise WrongUsage(
            f"architecture={settings.architecture}: a rehearsal installs the nodes' wheels on this machine, which is"
            f" {here}; rehearse with -c architecture={here}: the templates differ in instance types and wheels only"
        )


def _require_photographs(images: Path) -> None:
    if not images.is_dir():
        raise WrongUsage(f"--images {images}: no such folder; accepted: a folder with <label>/<file>")
    try:
        find_photographs(images)
    except StageFailed as error:
        raise WrongUsage(f"--images {error.reason}") from None


def _require_own(folder: Path) -> None:
    other = "take another folder: fruits rehearse --folder DIR, or make demo FOLDER=DIR"
    try:
        running = find_aws(folder)
    except DaemonFailed as error:
        raise FruitsError(f"{error}; or {other}") from None
    if running:
        raise FruitsError(
            f"another rehearsal, or an embedded AWS, is at work in {folder} (process {running.pid});"
            f" wait for its end, or {other}"
        )
    if is_foreign(folder):
        raise WrongUsage(f"--folder {folder}: was not made by an embedded AWS, and is left alone; {other}")


def _require_writable(option: str, path: Path) -> None:
    """Try it in the nearest folder that is there; rights alone do not tell, for a superuser has them all."""
    there = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        raise WrongUsage(
            f"{option} {path}: nothing can be written there ({error.strerror});"
            " accepted: a folder that you may write to"
        ) from None
