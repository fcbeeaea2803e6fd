"""Attacks on the decoding of photographs: mutations of every format, mutations of metadata alone, and costly files."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from job.errors import Rejected
from job.features.decode import SIDE, decode
from job.features.decoder_process import CPU_SECONDS, MEMORY_BYTES
from tests.attack.trial import Score, measured
from tests.damage import mutate
from tests.pictures import bomb, encode, exif_with, four_corners, fruit, jpeg

SECONDS_HERE = 2.0
"""Of this process: what is not decoded apart takes less."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF", "PPM")


def mutations(chance: np.random.Generator, count: int, _: Path) -> Score:
    """Damage photographs of all formats; each gives pixels or a reason, within its bounds."""
    contents = [encode(fruit(seed), kind) for seed in range(3) for kind in _FORMATS]
    contents += [encode(fruit(4), progressive=True), encode(fruit(5), exif=exif_with(6), icc_profile=bytes(3_000))]
    score = Score()
    for number in range(count):
        _decode(score, mutate(contents[number % len(contents)], chance), f"mutation {number}")
    return score


def metadata(chance: np.random.Generator, count: int, _: Path) -> Score:
    """Damage what is no part of the pixels; every photograph is decoded, to the same pixels but for its turn."""
    whole = encode(four_corners(), "PNG")
    pixels = decode(whole).pixels
    kinds = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"pHYs", b"gAMA", b"cHRM", b"acTL", b"fcTL", b"tIME", b"sBIT")
    score = Score()
    for number in range(count):
        kind, body = kinds[number % len(kinds)], chance.bytes(int(chance.integers(0, 60)))
        checksum = zlib.crc32(kind + body) ^ int(chance.integers(0, 2))
        chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
        found = _decode(score, whole[:33] + chunk + whole[33:], f"{kind.decode()} {body.hex()} {checksum}", whole=True)
        if found is not None and not (found == pixels).all():
            score.note(f"other pixels with {kind.decode()} {body.hex()}", wrong=True)
        body = chance.bytes(int(chance.integers(0, 60)))
        start = (b"", b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0", b"ICC_PROFILE\0", b"MPF\0", b"Photoshop 3.0\x008BIM")[
            number % 6
        ]
        segment = struct.pack(">BBH", 0xFF, 0xE0 + int(chance.integers(1, 14)), len(start + body) + 2) + start + body
        _decode(score, jpeg(1)[:2] + segment + jpeg(1)[2:], f"segment {segment.hex()}", whole=True)
    return score


def costly(chance: np.random.Generator, count: int, _: Path) -> Score:
    """Return files that are small and cost much, and the most that a worker may hold."""
    del count  # these are all
    score = Score()
    for name, content in _costly(chance).items():
        _decode(score, content, name)
    return score


def _costly(chance: np.random.Generator) -> dict[str, bytes]:
    progressive = encode(Image.new("RGB", (4_000, 4_000), (200, 120, 40)), progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    code = encode(fruit(1), "JPEG2000", no_jp2=True)
    gif = encode(fruit(1), "GIF")
    comments = b"".join(b"\x21\xfe\xff" + bytes(255) + b"\0" for _ in range(100_000))
    rgba = Image.new("RGBA", (7_900, 7_900), (200, 120, 40, 128))
    return {
        "99 scans of 16 megapixels": progressive[:-2] + scan * 85 + progressive[-2:],
        "20,000 scans": progressive[:-2] + scan * 20_000 + progressive[-2:],
        "tiles of JPEG 2000": code[:8] + struct.pack(">8I", 65_535, 9, 0, 0, 1, 1, 0, 0) + code[40:],
        "comments of GIF": gif[: gif.index(b"\x2c")] + comments + gif[gif.index(b"\x2c") :],
        "5,000 comments of JPEG": jpeg(1)[:2] + b"\xff\xfe\0\2" * 5_000 + jpeg(1)[2:],
        "fill bytes of JPEG": jpeg(1)[:2] + b"\xff" * 5_000_000 + jpeg(1)[2:],
        "RGBA of 62 megapixels": encode(rgba, "PNG", compress_level=1),
        "WebP of 62 megapixels": encode(rgba.convert("RGB"), "WEBP", quality=0, method=0),
        "alpha in a palette": encode(Image.new("P", (7_900, 7_900), 1), "PNG", transparency=0, compress_level=1),
        "progressive of 62 megapixels": encode(rgba.convert("RGB"), progressive=True, subsampling=0),
        "baseline of 108 megapixels": encode(Image.new("L", (12_000, 9_000), 90)),
        "bomb of 900 megapixels": bomb(30_000),
        "noise": chance.bytes(1_000_000),
    }


def _decode(score: Score, content: bytes, name: str, *, whole: bool = False) -> "NDArray[np.uint8] | None":
    """Decode, and count what is lost, wrong and beyond; `whole` photographs may not be refused."""
    score.tried += 1
    pixels = None
    with measured() as use:
        try:
            pixels = decode(content).pixels
            score.note(f"{name}: shape {pixels.shape}", wrong=pixels.shape != (SIDE, SIDE, 3))
        except Rejected as refused:
            score.note(f"{name}: {refused}", lost=whole)
        except Exception as error:
            score.note(f"{name}: {type(error).__name__}: {error}", lost=True)
    too_long, too_large = use.seconds > SECONDS_HERE, use.child_bytes > MEMORY_BYTES
    score.note(f"{name}: {use}, at most {CPU_SECONDS} s and {MEMORY_BYTES} bytes apart", beyond=too_long or too_large)
    return pixels
