"""The photographs a report shows: chosen evenly, read again, reduced to thumbnails."""

import pickle
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.errors import Rejected
from job.features.decode import thumbnail
from job.storage.listing import Photograph
from job.storage.locations import Location
from job.storage.reading import read_ahead
from job.storage.tables import PROJECTIONS_SCHEMA

GALLERY: Final = 1200
"""As many photographs as stay small in one file and legible on one map."""


def choose(photographs: pa.Table, usable: NDArray[np.bool_], most: int = GALLERY) -> pa.Table:
    """Choose photographs, spread evenly over labels and, as they are sorted by path, over the folders of a label.

    Parameters
    ----------
    photographs
        With column `label`.
    usable
        (n,) bool: to choose from.
    most
        No more than these; of more labels than that, not all are shown.
    """
    numbers = np.flatnonzero(usable)
    labels = photographs["label"].filter(pa.array(usable)).combine_chunks().dictionary_encode()
    each = max(1, most // max(1, len(labels.dictionary)))
    codes = labels.indices.to_numpy()
    groups = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    chosen = [rows[np.linspace(0, len(rows) - 1, min(each, len(rows))).astype(np.int64)] for rows in groups]
    return photographs.take(numbers[np.sort(np.concatenate(chosen)[:most])])


def thumbnails(root: Location, gallery: pa.Table) -> list[bytes | None]:
    """Read the chosen photographs again as 64-pixel thumbnails; None for those that have gone or changed meanwhile.

    Parameters
    ----------
    root
        Of the photographs.
    gallery
        What `choose` chose.
    """
    columns = (column.to_pylist() for column in gallery.select(Photograph._fields).columns)
    photographs = map(Photograph._make, zip(*columns, strict=True))
    return [_picture(content) for _, content in read_ahead(root.open(), photographs)]


def _picture(content: bytes | Rejected) -> bytes | None:
    try:
        return None if isinstance(content, Rejected) else thumbnail(content)
    except Rejected:  # at the smaller scale of a thumbnail alone
        return None


POINTS: Final = 100_000
"""As many photographs as are points of the map; a page with all of these is about 4 MB larger."""


def shown(gallery: pa.Table, pictures: list[bytes | None], parts: list[Any]) -> pa.Table:
    """Return the chosen photographs that have a thumbnail, with their projections.

    Parameters
    ----------
    gallery
        What `choose` chose.
    pictures
        Its `thumbnails`.
    parts
        Collected `job.components.projections.PARTS`.
    """
    projections = {row["uri"]: row for part in parts for row in pickle.loads(part.gallery)}
    rows = [
        {**projections[uri], "thumbnail": picture}
        for uri, picture in zip(gallery["uri"].to_pylist(), pictures, strict=True)
        if picture is not None
    ]
    return pa.Table.from_pylist(rows, schema=PROJECTIONS_SCHEMA.append(pa.field("thumbnail", pa.binary())))
