"""From the bytes of a photograph to a square of pixels, with no more memory than a worker can give.

What this costs is told from the header, before anything is decoded; `job.features.decode` chooses the process.
"""

import io
import warnings
from typing import Final

import numpy as np
from PIL import Image, Jpeg2KImagePlugin, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from job.errors import Rejected
from job.features.formats import beginning, decoded_format, unsupported
from job.features.headers import header_of, tiles_of_jpeg_2000, without_metadata

MAX_BYTES: Final = 256 * 1024 * 1024
"""Of memory to decode a photograph, as computed from its header; for JPEG at reduced scale some 4,000 megapixels."""

# What cameras and web sites give. Pillow reads more, but some of it starts other programs (EPS) or takes any text for a
# picture (XBM).
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "AVIF", "PPM")
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
_BYTES_OF_MODE: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""A pixel in Pillow's memory; 4 in its other modes (Pillow, Storage.c)."""

_BYTES_OF_FORMAT: Final = {"WEBP": 15, "AVIF": 8}
"""A pixel in the decoder's memory beside Pillow's, as measured with the locked releases."""

_STRIP_PIXELS: Final = 1_000_000
"""Converted at a time; a whole copy in another mode takes as much again as the photograph."""

_MOST_SCANS: Final = 100
"""Of progressive JPEG; encoders write about ten. Pictures that follow the first (previews, depth) have some, too."""

_START_OF_SCAN: Final = b"\xff\xda"
_NEW_SUBFILE_TYPE, _DNG_VERSION = 254, 50706

# The limit above takes the place of Pillow's own, which only warns up to twice its value.
Image.MAX_IMAGE_PIXELS = None


def framed(content: bytes, side: int) -> tuple[Image.Image, int, int]:
    """Decode into a square of so many pixels a side; give it with the photograph's own width and height, upright.

    Raises
    ------
    Rejected
        `not-an-image`, `unsupported-format`, `too-many-pixels`, `truncated` or `damaged`.
    MemoryError
        If the process has not got what the header says, or the header does not say what is needed.
    """
    try:
        return _decoded(content, side)
    except Rejected as refused:
        bare = without_metadata(content) if refused.reason in ("damaged", "truncated") else None
        if bare is None:
            raise
        return _decoded(bare, side)  # metadata never costs a photograph


def _decoded(content: bytes, side: int) -> tuple[Image.Image, int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                _require_picture(image, content)
                return _fit(image, content, side)
    except (Rejected, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise _unidentified(content) from error
    except Exception as error:
        # Damaged files make decoders raise almost anything (OSError, SyntaxError, struct.error, ...); none ends a run.
        reason = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise Rejected(reason, " ".join(f"{type(error).__name__}: {error}".split())) from error


def _unidentified(content: bytes) -> Rejected:
    if kind := unsupported(content):
        return Rejected("unsupported-format", kind)
    header = header_of(content)
    if header and header.bits > 8 and content.startswith(b"\xff\xd8"):
        return Rejected(
            "unsupported-format", f"JPEG of {header.bits} bits a channel; export it as JPEG of 8, or as PNG"
        )
    if kind := decoded_format(content):
        return Rejected("damaged", f"a {kind} whose header cannot be read, {len(content):,} bytes; save it anew")
    return Rejected("not-an-image", beginning(content))


def _require_picture(image: Image.Image, content: bytes) -> None:
    """Refuse camera raw that looks like TIFF, whose first picture is a small preview."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        if kind := unsupported(content):
            raise Rejected("unsupported-format", kind)
        tags = image.tag_v2
        if _DNG_VERSION in tags or (tags.get(_NEW_SUBFILE_TYPE, 0) & 1 and TiffImagePlugin.SUBIFD in tags):
            raise Rejected("unsupported-format", "camera raw (DNG, NEF, ARW, …); export it as JPEG or PNG")


def _fit(image: Image.Image, content: bytes, side: int) -> tuple[Image.Image, int, int]:
    width, height = image.size
    # JPEG only: decodes at an eighth to a half of the scale, still above twice ours.
    image.draft("RGB", (2 * side, 2 * side))
    _require_few_scans(image, content)
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    needed = _memory(image, content, width * height)
    if needed > MAX_BYTES:
        detail = (
            f"{width:,} x {height:,} {image.format}: decoding takes {needed >> 20:,} MiB, more than {MAX_BYTES >> 20}"
        )
        raise Rejected("too-many-pixels", f"{detail}; reduce it, or save it as baseline JPEG")
    orientation = _orientation(image)
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


def _memory(image: Image.Image, content: bytes, pixels: int) -> int:
    """Return the bytes that decoding takes, for a photograph of so many pixels before any reduction."""
    size = len(content) + image.width * image.height * _BYTES_OF_MODE.get(image.mode, 4)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return size + _coefficients(image, content, pixels)
    if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        return size + tiles_of_jpeg_2000(content)
    return size + pixels * _BYTES_OF_FORMAT.get(image.format or "", 0)


def _coefficients(image: JpegImagePlugin.JpegImageFile, content: bytes, pixels: int) -> int:
    """Return what libjpeg keeps of a photograph that is not decoded in one pass: two bytes for each sample."""
    header = header_of(content)
    if header is not None and header.in_one_pass:
        return 0
    sampling = [(across, down) for _, across, down, _ in image.layer]
    most = max(across for across, _ in sampling) * max(down for _, down in sampling)
    return 2 * pixels * sum(across * down for across, down in sampling) // max(1, most)


def _require_few_scans(image: Image.Image, content: bytes) -> None:
    """Refuse JPEG that goes over its pixels again and again: each scan of a few bytes costs as much as any other."""
    if image.format in ("JPEG", "MPO") and (scans := content.count(_START_OF_SCAN)) > _MOST_SCANS:
        header = header_of(content)
        if header is None or not header.in_one_pass:
            raise Rejected("too-slow", f"JPEG of {scans:,} scans, more than {_MOST_SCANS}; save it anew")


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation that is left to apply; a photograph with unreadable EXIF is taken as it lies."""
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
    if image.mode in ("RGBA", "LA", "RGBa", "PA") or (
        image.mode in ("P", "L", "RGB", "1") and "transparency" in image.info
    ):
        # Colours count by their alpha as they are averaged; where nothing is, they stay as they are.
        modes = ("RGBA",) if image.size == size else ("RGBA", "RGBa")
        coloured = _resized(image, size, *modes).convert("RGBA")
        image = Image.new("RGB", size, _WHITE)
        image.paste(coloured, mask=coloured.getchannel("A"))
        return image
    if image.mode in ("P", "1"):
        image = _resized(image, size, "RGB" if image.mode == "P" else "L")
    else:
        image = _resized(image, size)
    return image if image.mode == "RGB" else image.convert("RGB")  # convert() copies even if there is nothing to do


def _resized(image: Image.Image, size: tuple[int, int], *modes: str) -> Image.Image:
    """Resize as `Image.resize` with `reducing_gap=2.0` does, in another mode, of which no whole copy is made.

    That reduces by a whole factor first. A strip of rows, as many of which the factor divides, is reduced alike alone.
    """
    image.load()
    across, down = (max(1, int(whole / part / 2.0)) for whole, part in zip(image.size, size, strict=True))
    if across == down == 1 or not modes or image.mode == modes[-1]:
        return _converted(image, modes).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width // down) * down
    reduced = Image.new(modes[-1], (-(-width // across), -(-height // down)))
    for top in range(0, height, rows):
        strip = _converted(image.crop((0, top, width, min(height, top + rows))), modes)
        reduced.paste(strip.reduce((across, down)), (0, top // down))
    return reduced.resize(size, Image.Resampling.BILINEAR, (0, 0, width / across, height / down))


def _converted(image: Image.Image, modes: tuple[str, ...]) -> Image.Image:
    for mode in modes if modes and image.mode != modes[-1] else ():
        image = image if image.mode == mode else image.convert(mode)
    return image


def _eight_bits(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize 16-bit, 32-bit and floating gray and bring it to 0..255.

    16 bits have a full scale. Other numbers have none: it is the smallest of 1 (floats alone), 255 and 65535 that holds
    them, and their own range where none does.
    """
    sixteen_bits = image.mode.startswith("I;16")
    numbers = _resized(image, size, *(["I"] if sixteen_bits else []))
    values = np.asarray(numbers, np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    low, high = float(values.min()), float(values.max())
    scales = (65535.0,) if sixteen_bits else (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    scale = next((scale for scale in scales if low >= 0 and high <= scale), None)
    if scale is None:
        scale, values = (high - low) or 1.0, values - low
    return Image.fromarray(np.round(values * (255 / scale)).astype(np.uint8))
