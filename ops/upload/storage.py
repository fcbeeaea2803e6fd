"""The buckets, made before the first upload: nobody has to know which stack they are in."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from ops.aws.cdk import Cdk
from ops.aws.place import Place
from ops.aws.synthesis import synthesise
from ops.console import confirm, out, status
from ops.upload.plan import require_photographs

STORAGE: Final = "FruitsStorage"


def with_storage(place: Place, folder: Path, *, yes: bool) -> Place:
    """Deploy the storage if it was never deployed and that is confirmed, and return the place with it.

    Parameters
    ----------
    place
        Where.
    folder
        What is to be uploaded: a folder without photographs is refused first.
    yes
        Whether nobody has to be asked.

    Raises
    ------
    FruitsError
        If there is nothing to upload, nobody confirms, or the stack cannot be synthesised or deployed.
    """
    if STORAGE in place.deployment.stacks:
        return place
    require_photographs(folder)
    name = f"{STORAGE}-{place.settings.env}"
    if not yes:
        out.print(f"{name} is not deployed in {place.settings.region}: the buckets, which cost nothing while empty")
        confirm(
            "Deploy it first?",
            instead=f"refusing to deploy {name} without confirmation; add --yes",
            declined="nothing is deployed or uploaded",
        )
    with tempfile.TemporaryDirectory(prefix="fruits-storage-") as app:
        with status("Synthesising"):
            synthesise(Path(app), place.deployable())
        with status(f"Deploying {name}"):
            Cdk(Path(app)).deploy(STORAGE)
    out.print(f"{name} is deployed")
    return replace(place)  # which asks anew what is deployed
