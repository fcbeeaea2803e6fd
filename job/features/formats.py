"""Names of what is not decoded, told from its first bytes, and what to do about each."""

import re
from typing import Final

_CONVERT: Final = "export it as JPEG or PNG"
_EXTRACT: Final = "export its pictures as JPEG or PNG"
_BRANDS: Final = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"), "HEIC"),
    **dict.fromkeys(("avif", "avis"), "AVIF"),
    "crx ": "Canon raw (CR3)",
    "jxl ": "JPEG XL",
    **dict.fromkeys(("isom", "iso2", "mp41", "mp42", "avc1", "qt  ", "M4V ", "3gp4", "3gp5", "MSNV"), "video"),
}
"""Of ISO/IEC 14496-12 files, in which so unlike things lie: the registered brands that people meet."""

_STARTS: Final[tuple[tuple[bytes, int, str, str], ...]] = (
    (b"\xff\x0a", 0, "JPEG XL", _CONVERT),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0, "JPEG XL", _CONVERT),
    (b"CR\x02", 8, "Canon raw (CR2)", _CONVERT),
    (b"FUJIFILMCCD-RAW", 0, "Fujifilm raw (RAF)", _CONVERT),
    (b"IIU\0", 0, "Panasonic raw (RW2)", _CONVERT),
    (b"IIRO", 0, "Olympus raw (ORF)", _CONVERT),
    (b"IIRS", 0, "Olympus raw (ORF)", _CONVERT),
    (b"FOVb", 0, "Sigma raw (X3F)", _CONVERT),
    (b"\0MRM", 0, "Minolta raw (MRW)", _CONVERT),
    (b"HEAPCCDR", 6, "Canon raw (CRW)", _CONVERT),
    (b"8BPS", 0, "Photoshop", _CONVERT),
    (b"gimp xcf", 0, "GIMP", _CONVERT),
    (b"%PDF", 0, "PDF", _EXTRACT),
    (b"%!PS", 0, "PostScript", _CONVERT),
    (b"\xc5\xd0\xd3\xc6", 0, "PostScript", _CONVERT),
    (b"\0\0\1\0", 0, "icon", _CONVERT),
    (b"icns", 0, "icon", _CONVERT),
    (b"v/1\x01", 0, "OpenEXR", _CONVERT),
    (b"#?RADIANCE", 0, "Radiance HDR", _CONVERT),
    (b"#?RGBE", 0, "Radiance HDR", _CONVERT),
    (b"DDS ", 0, "DirectDraw surface", _CONVERT),
    (b"qoif", 0, "QOI", _CONVERT),
    (b"BPG\xfb", 0, "BPG", _CONVERT),
    (b"AT&TFORM", 0, "DjVu", _EXTRACT),
    (b"SIMPLE  =", 0, "FITS", _CONVERT),
    (b"DICM", 128, "DICOM", _CONVERT),
    (b"\x1a\x45\xdf\xa3", 0, "video", _EXTRACT),
    (b"AVI LIST", 8, "video", _EXTRACT),
    (b"WMPHOTO", 0, "JPEG XR", _CONVERT),
    (b"II\xbc\x01", 0, "JPEG XR", _CONVERT),
)
_NO_PICTURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "a ZIP archive; unpack it"),
    (b"\x1f\x8b", "compressed by gzip; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
)
_WHAT_TEXT_IS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE), "an HTML page"),
    (re.compile(r"<Error>\s*<Code>\w+"), "an error message of S3"),
    (re.compile(r"<\?xml\b"), "an XML document"),
    (re.compile(r"version https://git-lfs\.github\.com/spec"), "a pointer of Git LFS; fetch the files: git lfs pull"),
)
_SVG: Final = re.compile(r"<svg\b", re.IGNORECASE)
_LOOKED_AT: Final = 1024
_DECODED: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
}


def unsupported(content: bytes) -> str:
    """Name a format that holds pictures, and is not decoded, with what to do; empty for any other."""
    kind = next((f"{name}; {advice}" for start, at, name, advice in _STARTS if content.startswith(start, at)), "")
    if not kind and content[4:8] == b"ftyp":
        # The major brand says what a file is, unless it is a general one; then the compatible ones do.
        brands = [content[at : at + 4].decode("latin-1") for at in (8, *range(16, _size_of_box(content), 4))]
        name = next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "")
        kind = f"{name}; {_EXTRACT if name == 'video' else _CONVERT}" if name and name != "AVIF" else ""
    if not kind and _SVG.search(_text(content)):
        kind = f"SVG; {_CONVERT}"
    return kind


def decoded_format(content: bytes) -> str:
    """Name the format that a file begins as, of those that are decoded; empty for any other."""
    if content.startswith(b"RIFF") and content[8:12] in (b"WEBP", b""):
        return "WebP"
    if content[4:8] == b"ftyp" and b"avi" in content[8 : _size_of_box(content)]:
        return "AVIF"
    return next((name for start, name in _DECODED.items() if content.startswith(start)), "")


def beginning(content: bytes) -> str:
    """Return what begins as no picture does."""
    for start, name in _NO_PICTURES:
        if content.startswith(start):
            return name
    text = _text(content)
    found = next((name for pattern, name in _WHAT_TEXT_IS if pattern.search(text)), "")
    if found:
        return found
    if not any(content[:_LOOKED_AT]):
        return "nothing but zeros"
    words = " ".join(text.split())[:40]
    return f"text: {words}" if text and text.isprintable() else f"starts with {content[:8].hex(' ')}"


def _size_of_box(content: bytes) -> int:
    return min(int.from_bytes(content[:4], "big"), 256)


def _text(content: bytes) -> str:
    """Return the first bytes as text, without line ends; empty if they are none."""
    try:
        text = content[:_LOOKED_AT].decode("utf-8-sig", "strict" if len(content) <= _LOOKED_AT else "ignore")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else " ".join(text.split())
