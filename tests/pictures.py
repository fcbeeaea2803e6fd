"""Photographs for tests: small, generated, the same every time, and each different from the others."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

LABELS = ("Apple Red", "Banana", "Cherry")
CORNERS = {
    "top left": (220, 30, 30),
    "top right": (30, 200, 30),
    "bottom left": (30, 30, 220),
    "bottom right": (40, 40, 40),
}


def fruit(seed: int, side: int = 100) -> Image.Image:
    """A coloured, mottled disc on white: enough structure for features that vary."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    disc = np.hypot(rows * rng.uniform(0.8, 1.6), columns * rng.uniform(0.8, 1.6)) < rng.uniform(0.3, 0.48)
    mottle = rng.normal(0, 25, (side, side, 1))
    colours = np.clip(rng.uniform(20, 230, 3) + mottle + 60 * rows[..., np.newaxis], 0, 255)
    pixels = np.where(disc[..., np.newaxis], colours, 255).astype(np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1))


def four_corners(width: int = 300, height: int = 200) -> Image.Image:
    """A picture whose quarters have the colours of `CORNERS`, so that every turn and mirror image shows."""
    picture = Image.new("RGB", (width, height))
    for name, colour in CORNERS.items():
        left, top = width // 2 * ("right" in name), height // 2 * ("bottom" in name)
        picture.paste(colour, (left, top, left + width - width // 2, top + height - height // 2))
    return picture


def encode(picture: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    output = io.BytesIO()
    picture.save(output, image_format, **options)
    return output.getvalue()


def jpeg(seed: int, side: int = 100) -> bytes:
    return encode(fruit(seed, side), quality=90)


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def turned(orientation: int, image_format: str = "JPEG", **options: Any) -> bytes:
    """What a camera stores of `four_corners` when it notes this orientation: the inverse of how it is to be shown."""
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = four_corners()
    stored = picture.transpose(inverse[orientation]) if orientation in inverse else picture
    return encode(stored, image_format, exif=exif_with(orientation), **options)


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG whose size in the header need not be what Pillow would write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bomb(side: int) -> bytes:
    """A whole, valid PNG of side x side pixels in black and white that is about as small as one can be."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png(side, side, 1, 0, rows)


def plant(root: Path, per_label: int, first_seed: int = 0) -> list[Path]:
    """Write a tree as Fruits-360 has it, a quarter of each label for the test split; give its files."""
    planted = []
    for number, label in enumerate(LABELS):
        for photograph in range(per_label):
            split = "Test" if photograph % 4 == 3 else "Training"
            path = root / split / label / f"{photograph}_100.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(first_seed + 1000 * number + photograph))
            planted.append(path)
    return planted
