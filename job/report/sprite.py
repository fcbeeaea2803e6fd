"""Thumbnails in the page: one sheet of all, which the browser cuts, and small ones of their own for the labels."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

THUMBNAIL = 64
# JPEG qualities tried in turn until the sheet fits: noise weighs three times what fruit on white does.
QUALITIES = (85, 75, 60, 40)
SPRITE_BYTES = 2_500_000

LABELS_AT_FULL_SIZE = 200
"""With more labels than these their pictures are half as wide: each is in the page a second time."""


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

    @property
    def base64(self) -> str:
        """The sheet, for a data URL."""
        return base64.b64encode(self.jpeg).decode("ascii")

    def place(self, index: int) -> str:
        """Return the CSS that moves the sheet to the thumbnail at `index`."""
        row, column = divmod(index, self.columns)
        return f"--x:{column / max(self.columns - 1, 1):.5f};--y:{row / max(self.rows - 1, 1):.5f}"


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
        encoded_sheet = _jpeg(sheet, quality)
        if len(encoded_sheet) <= SPRITE_BYTES:
            break
    return Sprite(columns, rows, encoded_sheet)


def label_pictures(thumbnails: Sequence[bytes]) -> list[str]:
    """Return one thumbnail a label in base64: a browser that prints draws the whole sheet for each cut of it."""
    side = THUMBNAIL if len(thumbnails) <= LABELS_AT_FULL_SIZE else THUMBNAIL // 2
    small = (Image.open(io.BytesIO(encoded)).convert("RGB").resize((side, side)) for encoded in thumbnails)
    return [base64.b64encode(_jpeg(picture, QUALITIES[1])).decode("ascii") for picture in small]


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()
