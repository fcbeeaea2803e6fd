"""The photographs of a rehearsal: found here, compared with the bucket, and later added, changed and deleted there."""

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ops.local.sample import MARKER
from rehearsal.scenario.folders import Folder
from rehearsal.scenario.stages import StageFailed, few_of

ADDED, CHANGED, DELETED = 10, 5, 3
"""How many photographs a set gains, sees replaced and loses between two runs."""


@dataclass(frozen=True)
class PhotoSet:
    """Photographs in a folder of this machine: ``<root>/**/<label>/<file>``.

    Parameters
    ----------
    root
        The folder.
    files
        Paths below it, sorted; without hidden ones.
    """

    root: Path
    files: tuple[str, ...]

    @property
    def rendered(self) -> bool:
        """Whether this is the sample that `fruits images sample` renders."""
        return (self.root / MARKER).exists()

    def __str__(self) -> str:
        return f"{len(self.files):,} {'rendered pictures' if self.rendered else 'photographs'}"


def find_photographs(root: Path) -> PhotoSet:
    """List the photographs of a folder.

    Raises
    ------
    StageFailed
        If there are too few to take some away.
    """
    paths = (path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file())
    files = tuple(path.as_posix() for path in paths if not _hidden(path))
    wanted = ADDED + CHANGED + DELETED
    if len(files) < wanted:
        raise StageFailed(
            f"{root} has {len(files)} photographs; a rehearsal adds, changes and deletes some, and needs {wanted}",
            action="name a folder with more: fruits rehearse --images FOLDER",
        )
    return PhotoSet(root, files)


def check_uploaded(photos: PhotoSet, sizes: Mapping[str, int]) -> list[str]:
    """Find which photographs of a folder are not on S3 as they are here.

    Parameters
    ----------
    photos
        The photographs of the folder.
    sizes
        Bytes of what is on S3, by path.
    """
    wrong = [name for name in photos.files if sizes.get(name) != (photos.root / name).stat().st_size]
    return [f"{len(wrong)} photographs are not on S3, or not whole: {few_of(wrong)}"] if wrong else []


@dataclass(frozen=True)
class Changes:
    """What was done to the photographs between two runs; paths below the folder of photographs."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


def change_some(photos: PhotoSet, folder: Folder) -> Changes:
    """Add, change and delete some photographs on S3: always the same ones, spread over the labels.

    What is new is a photograph seen in a mirror, what is changed is one upside down: real pictures, with features of
    their own.

    Raises
    ------
    StageFailed
        If there are not enough that can be opened.
    """
    candidates = list(photos.files)
    random.Random(len(candidates)).shuffle(candidates)
    opened: dict[str, Image.Image] = {}
    for name in candidates:
        if len(opened) == ADDED + CHANGED + DELETED:
            break
        if picture := _open(photos.root / name):
            opened[name] = picture
    if len(opened) < ADDED + CHANGED + DELETED:
        raise StageFailed(f"only {len(opened)} photographs in {photos.root} can be opened")
    names = list(opened)
    originals, changed, deleted = names[:ADDED], names[ADDED : ADDED + CHANGED], names[ADDED + CHANGED :]
    added = [f"{name.rpartition('.')[0] or name}-mirrored.jpg" for name in originals]
    for name, original in zip(added, originals, strict=True):
        folder.put(name, _jpeg(ImageOps.mirror(opened[original])))
    for name in changed:
        folder.put(name, _jpeg(ImageOps.flip(opened[name])))
    for name in deleted:
        folder.delete(name)
    return Changes(tuple(added), tuple(changed), tuple(deleted))


def _open(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return None


def _jpeg(picture: Image.Image) -> bytes:
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=95)
    return output.getvalue()


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)
