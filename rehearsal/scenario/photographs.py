"""Photographs on their way to the bucket: uploaded, and later added, changed and deleted."""

import io
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ops.local.sample import MARKER
from rehearsal.scenario.folders import Folder
from rehearsal.scenario.stages import StageFailed, Tell

_AT_ONCE = 8

ADDED, CHANGED, DELETED = 10, 5, 3
"""How many photographs a heap gains, sees replaced and loses between two runs."""


@dataclass(frozen=True)
class Heap:
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


def find_photographs(root: Path) -> Heap:
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
    return Heap(root, files)


def upload(heap: Heap, folder: Folder, tell: Tell) -> str:
    """Upload all photographs of a heap, as a user does with `aws s3 sync`."""
    names = [*heap.files, *([MARKER] if heap.rendered else [])]
    total = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, size in enumerate(pool.map(lambda name: _upload(heap.root, folder, name), names), start=1):
            total += size
            tell(f"{done:,} of {len(names):,}")
    return f"{heap}, {total / 1e6:.1f} MB, to {folder.uri}"


@dataclass(frozen=True)
class Changes:
    """What was done to the photographs between two runs; paths below the folder of photographs."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


def change_some(heap: Heap, folder: Folder) -> Changes:
    """Add, change and delete some photographs on S3: always the same ones, spread over the labels.

    What is new is a photograph seen in a mirror, what is changed is one upside down: real pictures, with features of
    their own.

    Raises
    ------
    StageFailed
        If there are not enough that can be opened.
    """
    candidates = list(heap.files)
    random.Random(len(candidates)).shuffle(candidates)
    opened: dict[str, Image.Image] = {}
    for name in candidates:
        if len(opened) == ADDED + CHANGED + DELETED:
            break
        if picture := _open(heap.root / name):
            opened[name] = picture
    if len(opened) < ADDED + CHANGED + DELETED:
        raise StageFailed(f"only {len(opened)} photographs in {heap.root} can be opened")
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


def _upload(root: Path, folder: Folder, name: str) -> int:
    content = (root / name).read_bytes()
    folder.put(name, content)
    return len(content)


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
