"""From the bytes of one object to the pixels the backbone sees, or the reason why not.

Ordinary photographs are decoded where they are; what may take more memory or time than its size tells, in a process of
its own (docs/decisions/0240-doubtful-photographs.md).
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from job.errors import Rejected
from job.features.decoder_process import DECODER
from job.features.headers import header_of
from job.features.pixels import framed

SIDE: Final = 224
"""Height and width of the backbone's input, in pixels."""

PREPROCESSING: Final = "letterbox-white-bilinear-224-v1"
"""Names the pixels' way from file to backbone; part of a feature's identity, so a change recomputes."""

_PIXELS_AT_HAND: Final = {"JPEG": 256_000_000, "PNG": 8_000_000}
"""Of a photograph that is decoded here: half a second of work and 64 MiB at most. JPEG is reduced as it is decoded."""

_MOST_LONGER: Final = 16
"""Times as long as wide: longer JPEG is not reduced enough."""


@dataclass(frozen=True)
class Decoded:
    """A photograph as the backbone sees it, and its own size in pixels, upright."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


def decode(content: bytes) -> Decoded:
    """Decode a photograph: JPEG, PNG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF or PPM, whatever its name says.

    It is turned upright by its EXIF orientation, laid on white where it is transparent, reduced to 8-bit RGB, and
    fitted into a square of 224 pixels on white without changing its proportions. Animations give their first frame.

    Parameters
    ----------
    content
        The whole object.

    Returns
    -------
    Decoded
        `pixels` is (224, 224, 3), uint8, RGB.

    Raises
    ------
    Rejected
        `empty`, `not-an-image`, `unsupported-format`, `too-many-pixels`, `too-large`, `too-slow`, `truncated` or
        `damaged`.
    """
    return _decoded(content, SIDE)


def thumbnail(content: bytes, side: int = 64) -> bytes:
    """Return a photograph as a small square JPEG, framed as the backbone sees it; raises as `decode` does."""
    output = io.BytesIO()
    Image.fromarray(_decoded(content, side).pixels).save(output, "JPEG", quality=85)
    return output.getvalue()


def _decoded(content: bytes, side: int) -> Decoded:
    if not content:
        raise Rejected("empty", "the object has no bytes")
    if is_ordinary(content):
        picture, width, height = framed(content, side)
        return Decoded(np.asarray(picture), width, height)
    pixels, width, height = DECODER.decode(content, side)
    return Decoded(np.frombuffer(pixels, np.uint8).reshape(side, side, 3), width, height)


def is_ordinary(content: bytes) -> bool:
    """Return whether a photograph takes little, by its header: a JPEG in one pass, or a PNG of a few pixels.

    Whatever follows, and however damaged it is, its decoder does no more than the header has announced.
    """
    header = header_of(content)
    if header is None or not header.in_one_pass or not header.is_modest:
        return False
    kind = "JPEG" if content.startswith(b"\xff\xd8") else "PNG"
    if kind == "JPEG" and max(header.width, header.height) > _MOST_LONGER * min(header.width, header.height):
        return header.width * header.height <= _PIXELS_AT_HAND["PNG"]
    return header.width * header.height <= _PIXELS_AT_HAND[kind]
