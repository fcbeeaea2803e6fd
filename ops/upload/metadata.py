"""Photographs without what cameras and programs write beside the pixels: place, time, device, names, previews.

Pieces of the file are left out, and nothing is encoded again: the pixels stay the same to the byte. The job has a
function of its own that leaves out more (`job.features.headers`), for what it decodes must not stay the same picture
to a person.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from ops.errors import FruitsError

_ORIENTATION: Final = 0x0112  # Exif 2.32
_PREFIX: Final = b"Exif\0\0"

# ITU-T T.81, annex B: start and end of a picture, of a scan, segments of applications, comments.
_START, _END, _SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_APPLICATIONS: Final = range(0xE0, 0xF0)
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_KEPT_OF_APPLICATIONS: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Without which colours would be others."""
_JFIF: Final = 0xE0
_JFIF_LENGTH: Final = 14  # without the preview that may follow
_AFTER_SCAN: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_KEPT_OF_PNG: Final = frozenset(
    {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP", b"acTL", b"fcTL", b"fdAT"}
)
"""Of the chunks that are not critical: transparency, colours, size, frames (PNG specification, third edition, 11.3)."""

_KEPT_OF_WEBP: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_EXTENDED: Final = b"VP8X"
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04  # WebP container specification, extended file format


class CannotStrip(FruitsError):
    """Metadata cannot be taken out of a file; the message says why."""


def without_metadata(content: bytes) -> bytes:
    """Return a photograph with its orientation and without any other metadata.

    Parameters
    ----------
    content
        JPEG, PNG or WebP.

    Raises
    ------
    CannotStrip
        If it is of another format, or damaged before its pixels begin.
    """
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
        if content.startswith(_PNG):
            return _png(content)
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        raise CannotStrip("it is cut or damaged, so its metadata cannot be told from its pixels") from None
    raise CannotStrip("metadata is taken out of JPEG, PNG and WebP alone; convert it, or add --keep-metadata")


def _orientation(content: bytes, reader: type[ImageFile]) -> bytes:
    """Return EXIF with the orientation alone; nothing if the picture lies as it is stored."""
    try:
        with reader(io.BytesIO(content)) as image:
            found = image.getexif().get(_ORIENTATION)
    except Exception:
        # Pillow raises what it meets in damaged metadata; the job takes such a photograph as it lies, too.
        return b""
    if found not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = found
    return exif.tobytes().removeprefix(_PREFIX)


def _jpeg(content: bytes) -> bytes:
    pieces = [piece for piece in _segments(content) if piece]
    if exif := _orientation(content, JpegImageFile):
        segment = struct.pack(">BBH", 0xFF, 0xE1, 2 + len(_PREFIX) + len(exif)) + _PREFIX + exif
        pieces.insert(2 if pieces[1:] and pieces[1][1] == _JFIF else 1, segment)  # JFIF wants to be the first
    return b"".join(pieces)


def _segments(content: bytes) -> Iterator[bytes]:
    """Yield what is kept of a JPEG, up to its end: previews behind it have metadata of their own."""
    yield content[:2]
    position = 2
    while position < len(content):
        if content[position] != 0xFF:
            raise IndexError
        while content[position + 1] == 0xFF:  # fill bytes
            position += 1
        marker = content[position + 1]
        if marker == _END or marker in _ALONE:
            yield content[position : position + 2]
            if marker == _END:
                return
            position += 2
            continue
        (length,) = struct.unpack_from(">H", content, position + 2)
        end = position + 2 + length
        if length < 2 or end > len(content):
            raise IndexError
        if marker == _SCAN:
            following = _AFTER_SCAN.search(content, end)
            end = following.start() if following else len(content)
            yield content[position:end]
        else:
            yield _kept_segment(marker, content[position + 4 : position + 2 + length])
        position = end


def _kept_segment(marker: int, payload: bytes) -> bytes:
    if marker == _COMMENT or marker in _APPLICATIONS:
        beginning = _KEPT_OF_APPLICATIONS.get(marker)
        if beginning is None or not payload.startswith(beginning):
            return b""
    if marker == _JFIF:
        payload = payload[: _JFIF_LENGTH - 2] + b"\0\0"  # no preview
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload


def _png(content: bytes) -> bytes:
    exif = _orientation(content, PngImageFile)
    pieces = [_PNG]
    position = len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            raise IndexError
        if name == b"IDAT" and exif:
            pieces.append(_chunk_of_png(b"eXIf", exif))
            exif = b""
        if name[:1].isupper() or name in _KEPT_OF_PNG:
            pieces.append(content[position:end])
        if name == b"IEND":
            return b"".join(pieces)
        position = end


def _chunk_of_png(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _webp(content: bytes) -> bytes:
    exif = _orientation(content, WebPImageFile)
    body = b"".join(_chunks_of_webp(content, flag=_EXIF_FLAG if exif else 0))
    if exif:
        body += b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _chunks_of_webp(content: bytes, *, flag: int) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", content, 4)
    position, last = 12, min(8 + size, len(content))
    while position < last:
        name, length = struct.unpack_from("<4sI", content, position)
        end = position + 8 + length + length % 2
        if position + 8 + length > len(content):
            raise IndexError
        chunk = content[position:end]
        if name == _EXTENDED:
            flags = chunk[8] & ~(_EXIF_FLAG | _XMP_FLAG) | flag
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name in _KEPT_OF_WEBP:
            yield chunk
        position = end
