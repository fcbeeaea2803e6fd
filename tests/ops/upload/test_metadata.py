"""Photographs without metadata: nothing that a camera wrote is left but the orientation, and no pixel is another."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from job.features.decode import decode
from ops.upload.metadata import CannotStrip, without_metadata

PLACE, DEVICE = "Rue du Verger 12", "Fruitcam 3000"
SECRETS = (PLACE.encode(), DEVICE.encode())
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><d>{PLACE}</d></x:xmpmeta>".encode()
KINDS = ("JPEG", "progressive JPEG", "CMYK JPEG", "PNG", "WebP", "lossless WebP")


def photograph(kind: str, orientation: int | None = None) -> bytes:
    """Encode a picture with all of the metadata that its format has room for."""
    rows = np.random.default_rng(7).integers(0, 256, (24, 40, 3), np.uint8)
    image = Image.fromarray(rows).convert("CMYK" if kind.startswith("CMYK") else "RGB")
    exif = Image.Exif()
    exif[0x0110] = DEVICE
    exif[0x010E] = PLACE
    exif.get_ifd(0x8825)[29] = "2026:11:27"
    if orientation is not None:
        exif[0x0112] = orientation
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "PNG":
        texts = PngInfo()
        texts.add_text("Author", PLACE)
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        options["pnginfo"] = texts
    else:
        options["xmp"] = XMP
    if kind == "progressive JPEG":
        options["progressive"] = True
    if kind == "lossless WebP":
        options["lossless"] = True
    output = io.BytesIO()
    if "JPEG" in kind:
        options["comment"] = DEVICE.encode()
    image.save(output, kind.rsplit(maxsplit=1)[-1], **options)
    return output.getvalue()


def pixels(content: bytes) -> Any:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_orientation_and_colours_stay_and_all_else_goes(kind: str, orientation: int | None) -> None:
    whole = photograph(kind, orientation)
    stripped = without_metadata(whole)
    assert len(stripped) < len(whole)
    assert not any(secret in stripped for secret in SECRETS)
    assert np.array_equal(pixels(stripped), pixels(whole))
    assert np.array_equal(decode(stripped).pixels, decode(whole).pixels)
    with Image.open(io.BytesIO(stripped)) as image, Image.open(io.BytesIO(whole)) as original:
        turned = {0x0112: orientation} if orientation not in {None, 1} else {}
        assert dict(image.getexif()) == turned
        assert image.info.get("icc_profile") == original.info["icc_profile"]
        assert not {"xmp", "comment", "XML:com.adobe.xmp", "Author"} & image.info.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_metadata_any_more_stays_as_it_is(kind: str) -> None:
    once = without_metadata(photograph(kind, 6))
    assert without_metadata(once) == once


def test_previews_behind_and_before_the_picture_go() -> None:
    plain = without_metadata(photograph("JPEG"))
    preview = photograph("JPEG", 3)
    assert without_metadata(plain + preview) == plain
    # JFIF with a preview of one pixel, and a second one in an extension of it.
    inside = b"\xff\xe0" + struct.pack(">H", 19) + plain[6:18] + b"\1\1" + b"abc"
    extension = b"\xff\xe0" + struct.pack(">H", 2 + 5 + len(DEVICE)) + b"JFXX\0" + DEVICE.encode()
    assert plain[2:4] == b"\xff\xe0"
    assert without_metadata(plain[:2] + inside + extension + plain[20:]) == plain


def test_segments_of_other_applications_go() -> None:
    plain = without_metadata(photograph("JPEG"))
    iptc = b"\xff\xed" + struct.pack(">H", 2 + 14 + len(PLACE)) + b"Photoshop 3.0\0" + PLACE.encode()
    previews = b"\xff\xe2" + struct.pack(">H", 2 + 4 + len(DEVICE)) + b"MPF\0" + DEVICE.encode()
    assert without_metadata(plain[:20] + iptc + previews + plain[20:]) == plain


def test_the_time_of_a_png_goes() -> None:
    plain = without_metadata(photograph("PNG"))
    data = b"tIME" + struct.pack(">HBBBBB", 2026, 11, 27, 9, 0, 0)
    chunk = struct.pack(">I", 7) + data + struct.pack(">I", zlib.crc32(data))
    assert without_metadata(plain[:33] + chunk + plain[33:]) == plain


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GIF89a", "JPEG, PNG and WebP alone"),
        (b"no picture", "JPEG, PNG and WebP alone"),
        (b"\xff\xd8\xff\xe1\xff\xffExif", "cut or damaged"),
        (b"\xff\xd8\xff", "cut or damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "cut or damaged"),
        (b"RIFF\xff\0\0\0WEBPVP8X\xff\0\0\0", "cut or damaged"),
    ],
)
def test_what_cannot_be_told_from_pixels_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(CannotStrip, match=says):
        without_metadata(content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_cut_anywhere_is_stripped_or_refused(kind: str) -> None:
    whole = photograph(kind, 6)
    for length in range(3, len(whole), 7):
        try:
            stripped = without_metadata(whole[:length])
        except CannotStrip:
            continue
        assert not any(secret in stripped for secret in SECRETS)
