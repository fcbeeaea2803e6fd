"""From the bytes of one object to the pixels the backbone sees, or the reason why not."""

import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from job.errors import Rejected

SIDE: Final = 224
"""Height and width of the backbone's input, in pixels."""

PREPROCESSING: Final = "letterbox-white-bilinear-224-v1"
"""Names the pixels' way from file to backbone; part of a feature's identity, so a change recomputes."""

MAX_PIXELS: Final = 64_000_000
"""Larger photographs are refused from their header: decoding one would not fit beside Spark in a node's memory."""

# What cameras and web sites give. Pillow reads more, but some of it starts other programs (EPS) or takes any text for a
# picture (XBM).
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "AVIF", "PPM")
_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_WHITE: Final = (255, 255, 255)
_ORIENTATION_TAG: Final = 0x0112
# Exif 2.32, tag Orientation: how the stored picture has to be turned to stand upright.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# The limit above takes the place of Pillow's own, which only warns up to twice its value.
Image.MAX_IMAGE_PIXELS = None


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
        `empty`, `not-an-image`, `too-many-pixels`, `truncated` or `damaged`.
    """
    picture, width, height = _framed(content, SIDE)
    return Decoded(np.asarray(picture), width, height)


def thumbnail(content: bytes, side: int = 64) -> bytes:
    """Give a photograph as a small square JPEG, framed as the backbone sees it; raises as `decode` does."""
    picture, _, _ = _framed(content, side)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=85)
    return output.getvalue()


def _framed(content: bytes, side: int) -> tuple[Image.Image, int, int]:
    """Decode into a square of so many pixels a side; give it with the photograph's own width and height, upright."""
    if not content:
        raise Rejected("empty", "the object has no bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                return _fit(image, side)
    except Rejected:
        raise
    except UnidentifiedImageError as error:
        if content.startswith(_SIGNATURES):
            raise Rejected("damaged", f"its header cannot be read, {len(content):,} bytes") from error
        raise Rejected("not-an-image", f"starts with {content[:8].hex(' ')}") from error
    except Exception as error:
        # Damaged files make decoders raise almost anything (OSError, SyntaxError, struct.error, ...); none ends a run.
        reason = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise Rejected(reason, f"{type(error).__name__}: {error}") from error


def _fit(image: Image.Image, side: int) -> tuple[Image.Image, int, int]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Rejected("too-many-pixels", f"{width} x {height}; at most {MAX_PIXELS:,} pixels are decoded")
    orientation = _orientation(image)
    # JPEG only: decodes at an eighth to a half of the scale, still above twice ours.
    image.draft("RGB", (2 * side, 2 * side))
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = _colours(image, size)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        if orientation >= 5:
            width, height = height, width
    if image.size != (side, side):
        square = Image.new("RGB", (side, side), _WHITE)
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = square
    return image, width, height


def _orientation(image: Image.Image) -> int:
    """Give the EXIF orientation that is left to apply; a photograph with unreadable EXIF is taken as it lies."""
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF alone itself, as it loads it
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _colours(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize and reduce to RGB on white; resize first wherever the mode allows, as it is the smaller of two copies."""
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image, size).convert("RGB")
    if image.mode in ("P", "PA") or (image.mode in ("L", "RGB", "1") and "transparency" in image.info):
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        coloured = image.convert("RGBA")
        image = Image.new("RGB", size, _WHITE)
        image.paste(coloured, mask=coloured.getchannel("A"))
    return image if image.mode == "RGB" else image.convert("RGB")  # convert() copies even if there is nothing to do


def _eight_bits(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize 16-bit, 32-bit and floating gray and bring it to 0..255.

    16 bits have a full scale. Other numbers have none: it is the smallest of 1 (floats alone), 255 and 65535 that holds
    them, and their own range where none does.
    """
    sixteen_bits = image.mode.startswith("I;16")
    numbers = image.convert("I") if sixteen_bits else image
    values = np.asarray(numbers.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    low, high = float(values.min()), float(values.max())
    scales = (65535.0,) if sixteen_bits else (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    scale = next((scale for scale in scales if low >= 0 and high <= scale), None)
    if scale is None:
        scale, values = (high - low) or 1.0, values - low
    return Image.fromarray(np.round(values * (255 / scale)).astype(np.uint8))
