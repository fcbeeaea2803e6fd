"""The figures of the notebook: each becomes the current one of pyplot, which the line ``%matplot plt`` shows as PNG.

Notebooks on EMR get no more than text and PNG from Livy (its ``fake_shell.py``), hence no widgets and no HTML.
"""

import io
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray
from PIL import Image

mpl.use("Agg")

_CAPTION: Final = 16
"""Letters of a caption below a thumbnail."""

_INK, _PALE, _MARK = "#1f2933", "#9fb3c8", "#c2410c"


def contact_sheet(pictures: Sequence[bytes | None], captions: Sequence[str], *, columns: int) -> None:
    """Show thumbnails in rows, each above its caption; a missing one leaves its place empty.

    Parameters
    ----------
    pictures
        Encoded, as `job.report.showcase.thumbnails` gives them.
    captions
        One for each.
    columns
        Thumbnails in a row.
    """
    rows = -(-len(pictures) // columns)
    figure = _figure(width=1.15 * columns, height=1.3 * rows)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True), start=1):
        place = figure.add_subplot(rows, columns, number)
        place.set_axis_off()
        place.set_title(caption[:_CAPTION], fontsize=8, color=_INK, pad=2)
        if picture is not None:
            place.imshow(_pixels(picture))


def variance_curve(explained: NDArray[np.float64], kept: int, *, x: str, y: str) -> None:
    """Show the share of the variance that the first components hold, and how many are kept.

    Parameters
    ----------
    explained
        (d,) share of each component, as `PrincipalComponents.explained`.
    kept
        Number of components that are kept.
    x, y
        What the axes are called.
    """
    axes = _figure(width=8, height=3.4).add_subplot()
    cumulative = np.cumsum(explained)
    axes.semilogx(np.arange(1, len(cumulative) + 1), cumulative, color=_INK)
    axes.plot(kept, cumulative[kept - 1], "o", color=_MARK)
    axes.axvline(kept, color=_MARK, linewidth=0.8)
    axes.annotate(f" k = {kept}", (kept, 0.05), color=_MARK)
    axes.set(xlabel=x, ylabel=y, ylim=(0, 1.02))
    axes.grid(color=_PALE, linewidth=0.3)


def picture_map(points: NDArray[np.float64], pictures: Sequence[bytes | None], *, x: str, y: str) -> None:
    """Show thumbnails where their first two coordinates are.

    Parameters
    ----------
    points
        (n, 2) or wider.
    pictures
        n encoded thumbnails; without one a point stays empty.
    x, y
        What the axes are called.
    """
    axes = _figure(width=8, height=6).add_subplot()
    axes.scatter(points[:, 0], points[:, 1], s=1, color=_PALE)
    for point, picture in zip(points, pictures, strict=True):
        if picture is not None:
            thumbnail = OffsetImage(_transparent(_pixels(picture)), zoom=0.45)
            axes.add_artist(AnnotationBbox(thumbnail, (point[0], point[1]), frameon=False))
    axes.set(xlabel=x, ylabel=y)


def _figure(*, width: float, height: float) -> Figure:
    plt.close("all")  # nothing else closes what Livy has shown
    return plt.figure(figsize=(width, height), dpi=80, layout="constrained")


def _pixels(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def _transparent(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """Make the white around a fruit transparent, so that neighbours on the map show through."""
    opaque = np.where((pixels > 245).all(axis=2), 0, 255).astype(np.uint8)
    return np.dstack([pixels, opaque])
