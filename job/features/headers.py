"""What the first bytes of a photograph say of the work to decode it, read without decoding anything."""

import struct
from dataclasses import dataclass
from typing import Final

_PIECES: Final = 4096
"""Segments or chunks that are looked at; cameras write some dozens, and PNG's data comes in some hundreds."""

_METADATA: Final = 1024 * 1024
"""Of bytes; more of them, or compressed ones, are not unpacked beside Spark."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"})
_PNG_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_START_OF_FRAME: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_ADOBE, _JFIF, _COMMENT, _START_OF_SCAN, _QUANTISERS = 0xEE, 0xE0, 0xFE, 0xDA, 0xDB
_HUFFMAN, _RESTART = 0xC4, 0xDD
_JPEG_NEEDED: Final = _START_OF_FRAME | {_ADOBE, _JFIF, _START_OF_SCAN, _QUANTISERS, _HUFFMAN, _RESTART}

_SHORTEST: Final = {_JFIF: 16, _ADOBE: 14}


@dataclass(frozen=True)
class Header:
    """What a JPEG or PNG says before its pixels begin.

    Parameters
    ----------
    width, height
        In pixels, as stored.
    bits
        Of a sample.
    in_one_pass
        Whether it is decoded row by row. Others are decoded as often as they have scans (progressive JPEG), into
        memory for all of their pixels.
    kept
        Start and end of the pieces that pixels are made of.
    metadata
        Bytes of the other ones.
    """

    width: int
    height: int
    bits: int
    in_one_pass: bool
    kept: list[tuple[int, int]]
    metadata: int

    @property
    def is_modest(self) -> bool:
        """Whether reading the metadata takes little."""
        return self.metadata <= _METADATA


def header_of(content: bytes) -> Header | None:
    """Read the header of a JPEG or PNG; None for other formats, and for what is damaged or cut into too many pieces.

    Notes
    -----
    ITU-T T.81, annex B.1; PNG specification, third edition, section 5.
    """
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
        return _png(content) if content.startswith(_PNG) else None
    except (struct.error, IndexError):
        return None


def without_metadata(content: bytes) -> bytes | None:
    """Return a JPEG or PNG as its pixels alone; None if there is nothing to leave out."""
    header = header_of(content)
    if header is None or not header.metadata:
        return None
    return b"".join(content[start:end] for start, end in header.kept)


def _jpeg(content: bytes) -> Header | None:
    frame: tuple[int, int, int, int, int] | None = None
    kept = [(0, 2)]
    metadata, position = 0, 2
    for _ in range(_PIECES):
        start, marker, length = struct.unpack_from(">BBH", content, position)
        if start != 0xFF or length < 2:
            return None
        end = position + 2 + length
        if marker in _START_OF_FRAME:
            bits, height, width, components = struct.unpack_from(">BHHB", content, position + 4)
            frame = marker, bits, height, width, components
        if marker in _JPEG_NEEDED and length >= _SHORTEST.get(marker, 0):
            kept.append((position, end))
        else:
            metadata += length + 2
        position = end
        if marker == _START_OF_SCAN:
            break
    else:
        return None
    if frame is None:
        return None
    marker, bits, height, width, components = frame
    # Baseline files, too, are kept in memory whole unless their first scan has every component (libjpeg, jdinput.c).
    in_one_pass = marker in _SEQUENTIAL and content[kept[-1][0] + 4] == components
    return Header(width, height, bits, in_one_pass, [*kept, (position, len(content))], metadata)


def _png(content: bytes) -> Header | None:
    width, height, bits, colours, _, _, interlace = struct.unpack_from(">IIBBBBB", content, 16)
    kept = [(0, 8)]
    metadata, position = 0, 8
    for _ in range(_PIECES):
        if position + 12 > len(content):
            break
        length = int.from_bytes(content[position : position + 4], "big")
        kind, end = content[position + 4 : position + 8], position + 12 + length
        if kind in _PNG_NEEDED:
            kept.append((position, end))
        else:
            metadata += length + 12
        position = end
    else:
        return None
    return Header(width, height, bits * _PNG_SAMPLES.get(colours, 4), not interlace, kept, metadata)


def tiles_of_jpeg_2000(content: bytes) -> int:
    """Return the bytes that OpenJPEG takes for the tiles of a JPEG 2000: what it notes of each, and one as numbers.

    Notes
    -----
    Rec. ITU-T T.800, A.5.1: the segment SIZ. A sample takes 4 bytes as OpenJPEG computes and 1 as Pillow gets it;
    a tile some 6 KiB, and 1.2 KiB for each component (OpenJPEG 2.5, j2k.h), which a file of a few bytes can ask for
    65,535 times.
    """
    start = content.find(b"\xff\x4f\xff\x51", 0, _METADATA)
    try:
        sizes: tuple[int, ...] = struct.unpack_from(">8IH", content, start + 8)
    except struct.error:
        return 0
    width, height, left, top, across, down, first_left, first_top, components = sizes
    if start < 0 or not across or not down:
        return 0
    columns = max(0, -(-(width - first_left) // across))
    rows = max(0, -(-(height - first_top) // down))
    tile = min(across, max(0, width - left)) * min(down, max(0, height - top)) * components
    return 5 * tile + columns * rows * (6 * 1024 + components * 1280)
