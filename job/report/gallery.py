"""The sampled photographs of the report: one sprite sheet, their places on the map, and their neighbours."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from job.report.neighbours import (
    Neighbours,
    clear_case,
    cosine_neighbours,
    euclidean_neighbours,
    instructive_mistake,
)

THUMBNAIL = 64
MAP_COMPONENTS = 3
# JPEG qualities tried in turn until the sheet fits: noise weighs three times what fruit on white does.
QUALITIES = (85, 75, 60, 40)
SPRITE_BYTES = 2_500_000


@dataclass(frozen=True)
class Sprite:
    """Thumbnails on one sheet, row by row, `columns` to a row.

    Attributes
    ----------
    columns, rows : int
        Cells across and down; a cell is `THUMBNAIL` pixels wide and high.
    jpeg : bytes
    """

    columns: int
    rows: int
    jpeg: bytes

    def picture(self, index: int | None, kind: str = "") -> str:
        """Return the HTML element that shows the thumbnail at `index`, or an empty one for None."""
        row, column = divmod(index or 0, self.columns)
        place = f"--x:{column / max(self.columns - 1, 1):.5f};--y:{row / max(self.rows - 1, 1):.5f}"
        return f'<span class="photo {kind}" style="{place if index is not None else "background:none"}"></span>'


def build_sprite(thumbnails: Sequence[bytes], uris: Sequence[str]) -> Sprite:
    """Paste encoded thumbnails on a sheet as square as possible.

    Raises
    ------
    ValueError
        When a thumbnail cannot be decoded; names its uri.
    """
    columns = max(math.ceil(math.sqrt(len(thumbnails))), 1)
    rows = max(math.ceil(len(thumbnails) / columns), 1)
    sheet = Image.new("RGB", (columns * THUMBNAIL, rows * THUMBNAIL), "white")
    for index, (encoded, uri) in enumerate(zip(thumbnails, uris, strict=True)):
        row, column = divmod(index, columns)
        try:
            thumbnail = Image.open(io.BytesIO(encoded)).convert("RGB")
        except OSError as error:
            raise ValueError(f"the thumbnail of {uri} cannot be decoded ({error}): make it again") from error
        if thumbnail.size != (THUMBNAIL, THUMBNAIL):
            thumbnail = thumbnail.resize((THUMBNAIL, THUMBNAIL))
        sheet.paste(thumbnail, (column * THUMBNAIL, row * THUMBNAIL))
    for quality in QUALITIES:
        encoded_sheet = io.BytesIO()
        sheet.save(encoded_sheet, "JPEG", quality=quality)
        if encoded_sheet.tell() <= SPRITE_BYTES:
            break
    return Sprite(columns, rows, encoded_sheet.getvalue())


@dataclass(frozen=True, eq=False)
class Gallery:
    """The n sampled photographs.

    Attributes
    ----------
    labels : ndarray of str, shape (n,)
    splits, names : list of str
        A name is the uri without the root of the run.
    points : ndarray, shape (n, min(k, 3))
        First components.
    sprite : Sprite
    cosine, euclidean : Neighbours
        In all k components.
    """

    labels: NDArray[np.str_]
    splits: list[str]
    names: list[str]
    points: NDArray[np.float64]
    sprite: Sprite
    cosine: Neighbours
    euclidean: Neighbours

    @classmethod
    def from_table(cls, table: pa.Table, root: str) -> "Gallery":
        """Read uri, label, split, thumbnail and projection of every row.

        Raises
        ------
        ValueError
            When a thumbnail cannot be decoded, or projections differ in length.
        """
        flat = pc.list_flatten(table["projection"]).to_numpy().astype(np.float64)
        projections = flat.reshape(table.num_rows, -1) if table.num_rows else flat.reshape(0, 1)
        uris = table["uri"].to_pylist()
        return cls(
            np.array(table["label"].to_pylist(), dtype=np.str_),
            table["split"].to_pylist(),
            [uri.removeprefix(root.rstrip("/") + "/") for uri in uris],
            projections[:, :MAP_COMPONENTS],
            build_sprite(table["thumbnail"].to_pylist(), uris),
            cosine_neighbours(projections),
            euclidean_neighbours(projections),
        )

    def picture_of(self, label: str) -> str:
        """Return the first picture of `label`, or an empty one when the sample has none."""
        found = np.flatnonzero(self.labels == label)
        return self.sprite.picture(int(found[0]) if len(found) else None)

    def parts(self) -> dict[str, object]:
        """Return the pieces of the page that show pictures: HTML, and `gallery_data` for the script."""
        names = [str(name) for name in np.unique(self.labels)]
        band = "".join(f'<li title="{escape(name)}">{self.picture_of(name)}</li>' for name in names)
        parts: dict[str, object] = {
            "sprite": base64.b64encode(self.sprite.jpeg).decode("ascii"),
            "columns": str(self.sprite.columns),
            "rows": str(self.sprite.rows),
            "band": f'<ul class="band" style="max-width:{len(names) * 5.5}rem">{band}</ul>',
            "shown": f"{len(self.labels):,}",
            "gallery_data": None,
            "examples": "",
            "chosen": '<p class="empty">Too few pictures to compare.</p>',
            "agreement": "",
        }
        if len(self.labels) < 2:
            return parts
        cases = {
            "An instructive mistake": instructive_mistake(self.cosine, self.labels),
            "A clear case": clear_case(self.cosine, self.labels),
        }
        examples = {name: index for name, index in cases.items() if index is not None} or {"The first": 0}
        start = next(iter(examples.values()))
        same = self.cosine.same_label(self.labels)
        return parts | {
            "gallery_data": self._for_the_script(names, start),
            "examples": "".join(
                f'<button type="button" data-index="{index}">{name}</button>' for name, index in examples.items()
            ),
            "chosen": self._chosen(start),
            "agreement": (
                f"Over all {len(self.labels):,}, the nearest by cosine carries the same label for "
                f"<b>{same[:, 0].mean():.1%}</b>; <b>{same.mean():.1%}</b> of the {same.shape[1]} nearest do."
            ),
        }

    def _for_the_script(self, names: list[str], start: int) -> dict[str, object]:
        scale = float(np.abs(self.points).max()) or 1.0
        return {
            "columns": self.sprite.columns,
            "rows": self.sprite.rows,
            "labels": names,
            "label": np.searchsorted(names, self.labels).tolist(),
            "split": self.splits,
            "name": self.names,
            "points": np.round(self.points / scale, 4).T.tolist(),
            "neighbours": {
                metric: {
                    "index": found.index.tolist(),
                    "distance": [[float(f"{value:.3g}") for value in row] for row in found.distance.tolist()],
                }
                for metric, found in (("cosine", self.cosine), ("euclidean", self.euclidean))
            },
            "start": start,
        }

    def _chosen(self, chosen: int) -> str:
        """Return one photograph and its neighbours; the script of the page fills the same elements anew."""
        label = str(self.labels[chosen])
        same = self.cosine.same_label(self.labels)[chosen]
        items = "".join(
            f'<li class="{"same" if agrees else "other"}"><button type="button" data-index="{index}">'
            f'{self.sprite.picture(index)}<span class="label">{escape(str(self.labels[index]))}</span>'
            f'<span class="distance">{distance:.3g}</span></button></li>'
            for index, distance, agrees in zip(
                self.cosine.index[chosen].tolist(), self.cosine.distance[chosen].tolist(), same, strict=True
            )
        )
        return (
            f'<div class="chosen">{self.sprite.picture(chosen, "big")}<p><b class="label">{escape(label)}</b>'
            f'<span class="split">{escape(self.splits[chosen])}</span>'
            f'<code class="name">{escape(self.names[chosen])}</code></p></div>'
            '<p class="verdict" aria-live="polite">'
            f"<b>{same.sum()} of {len(same)}</b> nearest carry its label.</p>"
            f'<ol class="neighbours">{items}</ol>'
        )
