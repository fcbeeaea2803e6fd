"""Photographs that cost more than their size tells: bounded, named, and never the end of a worker."""

import io
import os
import signal
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from job.errors import Rejected
from job.features.decode import SIDE, decode, is_ordinary
from job.features.decoder_process import Decoder, Limits
from tests.pictures import bomb, encode, exif_with, four_corners, fruit, jpeg

LITTLE = 72 * 1024 * 1024
"""Bytes: the process of the decoder fits, and 64 million pixels beside it do not."""


def refusal_of(content: bytes) -> Rejected:
    with pytest.raises(Rejected) as refused:
        decode(content)
    return refused.value


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = Decoder()
    yield made
    made.close()


def limited(**limits: Any) -> Iterator[Decoder]:
    made = Decoder(Limits(**limits))
    yield made
    made.close()


@pytest.fixture
def hurried() -> Iterator[Decoder]:
    yield from limited(cpu_seconds=0.06)


@pytest.fixture
def poor() -> Iterator[Decoder]:
    yield from limited(memory_bytes=LITTLE)


def refused_by(decoder: Decoder, content: bytes) -> tuple[str, str]:
    with pytest.raises(Rejected) as refused:
        decoder.decode(content, SIDE)
    return refused.value.reason, refused.value.detail


# ---- which ones


@pytest.mark.parametrize("side", [1, 100, 2000])
def test_an_ordinary_jpeg_is_decoded_in_place(side: int) -> None:
    assert is_ordinary(encode(fruit(1).resize((side, side)), quality=90))


def test_a_jpeg_as_phones_write_it_is_decoded_in_place() -> None:
    exif = exif_with(6)
    exif[0x927C] = b"m" * 60_000
    assert is_ordinary(
        encode(fruit(1), "MPO", save_all=True, append_images=[fruit(2)], exif=exif, icc_profile=b"p" * 9)
    )


def test_a_small_png_is_decoded_in_place() -> None:
    assert is_ordinary(encode(fruit(1), "PNG"))


@pytest.mark.parametrize(
    "content",
    [
        encode(fruit(1), progressive=True),
        encode(fruit(1).resize((3000, 1)).resize((60_000, 200))),
        bomb(4_000),
        jpeg(1)[:2] + b"\xff\xfe\0\2" * 5_000 + jpeg(1)[2:],
        jpeg(1)[:2] + (b"\xff\xe2\xff\xff" + bytes(65_533)) * 20 + jpeg(1)[2:],
        *(encode(fruit(1), kind) for kind in ("WEBP", "GIF", "TIFF", "BMP", "JPEG2000", "AVIF", "PPM")),
        b"\xff\xd8\xff",
        b"",
    ],
)
def test_what_may_take_more_than_its_header_tells_is_decoded_apart(content: bytes) -> None:
    assert not is_ordinary(content)


def interleaved_less(content: bytes) -> bytes:
    """Let the first scan of a JPEG announce one component."""
    at = content.index(b"\xff\xda") + 4
    return content[:at] + b"\1" + content[at + 1 :]


def test_a_baseline_jpeg_of_several_scans_is_decoded_apart() -> None:
    assert not is_ordinary(interleaved_less(jpeg(1)))


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "JPEG2000"])
def test_both_processes_give_the_same_pixels(kind: str, decoder: Decoder) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    here, apart = decode(encode(four_corners(), "PNG")), decode(encode(four_corners(), kind, **options))
    assert (apart.width, apart.height) == (here.width, here.height)
    assert (apart.pixels == here.pixels).all()


# ---- time and memory


def progressive_of(scans: int, side: int = 800) -> bytes:
    content = encode(Image.new("RGB", (side, side), (200, 120, 40)), progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * scans + content[-2:]


def test_a_jpeg_of_thousands_of_scans_is_refused_from_its_header() -> None:
    refused = refusal_of(progressive_of(20_000))
    assert refused.reason == "too-slow"
    assert "scans" in refused.detail


def test_a_progressive_jpeg_of_some_more_scans_is_decoded() -> None:
    assert decode(progressive_of(50)).width == 800


def test_what_takes_longer_than_its_time_is_ended_and_named_and_the_next_is_decoded(hurried: Decoder) -> None:
    reason, detail = refused_by(hurried, progressive_of(80, 4_000))
    assert reason == "too-slow"
    assert "0.06 s of processor time" in detail
    assert hurried.decode(encode(fruit(1).resize((10, 10)), "GIF"), SIDE)[1:] == (10, 10)


def test_what_takes_more_memory_than_there_is_is_named_and_the_next_is_decoded(poor: Decoder) -> None:
    assert refused_by(poor, bomb(8_000))[0] == "too-large"
    assert poor.decode(encode(fruit(1), "GIF"), SIDE)[1:] == (100, 100)


def test_a_decoder_that_does_not_answer_is_ended() -> None:
    (stopped,) = limited(patience_seconds=0.2)
    stopped.decode(encode(fruit(1), "GIF"), SIDE)
    pid = stopped.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert refused_by(stopped, encode(fruit(1), "GIF"))[0] == "too-slow"
    stopped.close()


def test_a_decoder_that_died_between_two_photographs_is_not_held_against_the_second(decoder: Decoder) -> None:
    decoder.decode(encode(fruit(1), "GIF"), SIDE)
    first = decoder.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert decoder.decode(encode(fruit(1), "GIF"), SIDE)[1:] == (100, 100)
    assert decoder.pid != first


@pytest.mark.parametrize(("died", "reason"), [("SIGSEGV", "damaged"), ("SIGABRT", "damaged"), ("SIGKILL", "too-large")])
def test_a_photograph_that_ends_its_decoder_is_named(
    died: str, reason: str, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = Decoder._exchange

    def die(self: Decoder, process: Any, content: bytes, side: int) -> Any:
        process.send_signal(signal.Signals[died])
        process.wait()
        return exchange(self, process, content, side)

    monkeypatch.setattr(Decoder, "_exchange", die)
    assert refused_by(decoder, encode(fruit(1), "GIF"))[0] == reason


def test_a_decoder_that_cannot_be_started_is_no_fault_of_the_photograph(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"did not start: /bin/false .* ended with 1"):
        decoder.decode(encode(fruit(1), "GIF"), SIDE)


def test_decoders_say_nothing_in_the_log(decoder: Decoder, capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(encode(fruit(1), "TIFF", compression="tiff_lzw"))
    content[200:900] = bytes(700)
    for number in range(0, len(content), 997):
        try:
            decoder.decode(bytes(content[:number]) + b"\xff" + bytes(content[number + 1 :]), SIDE)
        except Rejected:
            continue
    assert capfd.readouterr() == ("", "")


# ---- told from the header


def with_tiles_of_one_pixel(content: bytes) -> bytes:
    start = content.index(b"\xff\x4f\xff\x51")
    size = struct.pack(">8I", 65_535, 1, 0, 0, 1, 1, 0, 0)
    return content[: start + 8] + size + content[start + 8 + len(size) :]


@pytest.mark.parametrize(
    "content",
    [
        encode(Image.new("L", (4_500, 4_500)), "WEBP", lossless=True, quality=0, method=0),
        with_tiles_of_one_pixel(encode(fruit(1), "JPEG2000", no_jp2=True)),
        encode(Image.new("L", (1, 1)), "PPM").replace(b"1 1", b"20000 20000"),
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 60, 0, 0, 54, 40, 30_000, 30_000, 1, 24, 0, 0, 0, 0, 0, 0),
    ],
    ids=["WebP", "tiles of JPEG 2000", "PPM", "BMP"],
)
def test_what_would_take_too_much_memory_is_refused_from_its_header(content: bytes) -> None:
    refused = refusal_of(content)
    assert refused.reason == "too-many-pixels"
    assert "MiB" in refused.detail


@pytest.mark.slow
def test_a_baseline_jpeg_of_108_megapixels_is_decoded() -> None:
    content = encode(Image.new("L", (12_000, 9_000), 90))
    assert is_ordinary(content)
    assert decode(content).width == 12_000


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "palette with alpha", "16 bits"])
def test_converting_strip_by_strip_gives_the_pixels_of_the_whole(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = fruit(1, 500).resize((1_300, 901))
    picture.putalpha(fruit(2, 500).convert("L").resize((1_300, 901)))
    options: dict[str, Any] = {}
    if mode == "16 bits":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif mode == "palette with alpha":
        picture, options = picture.convert("RGB").quantize(64), {"transparency": bytes(range(0, 256, 4))}
    else:
        picture = picture.convert("RGB").quantize(64) if mode == "P" else picture.convert(mode)
    content = encode(picture, "PNG", **options)
    whole = decode(content).pixels
    monkeypatch.setattr("job.features.pixels._STRIP_PIXELS", 5_000)
    assert (decode(content).pixels == whole).all()


# ---- metadata


def chunk(kind: bytes, body: bytes, checksum: int = 0) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ checksum)


def png_with(extra: bytes) -> bytes:
    content = encode(four_corners(), "PNG")
    return content[:33] + extra + content[33:]


def jpeg_with(marker: int, body: bytes) -> bytes:
    content = encode(four_corners(), quality=95)
    return content[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + content[2:]


@pytest.mark.parametrize(
    "content",
    [
        png_with(chunk(b"tEXt", b"Comment\0hello", checksum=1)),
        png_with(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(90_000_000)))),
        png_with(chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(9_000_000)))),
        png_with(chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(90_000_000)))),
        png_with(chunk(b"pHYs", b"\1") + chunk(b"cHRM", b"") + chunk(b"gAMA", b"")),
        png_with(chunk(b"eXIf", b"II*\0\xff\xff\xff\xff")),
        png_with(chunk(b"acTL", b"\0")),
        png_with(chunk(b"acTL", struct.pack(">II", 0, 0))),
        png_with(chunk(b"fcTL", bytes(3))),
        jpeg_with(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(40)),
        jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"),
        jpeg_with(0xE2, b"ICC_PROFILE\0\xff\0"),
        jpeg_with(0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        jpeg_with(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\1\xb0\1\0\4\0\0\0\1\0\0\0\2"),
        jpeg_with(0xED, b"Photoshop 3.0\x008BIM\xff\xff\xff"),
        jpeg_with(0xE0, b"JFIF\0"),
        jpeg_with(0xEE, b"Adobe"),
        jpeg_with(0xFE, b""),
    ],
)
def test_metadata_never_costs_a_photograph(content: bytes) -> None:
    difference = np.abs(decode(content).pixels.astype(int) - decode(encode(four_corners(), "PNG")).pixels)
    assert difference.mean() < 4


# ---- formats that are known and not decoded


def tiff_with(**tags: Any) -> bytes:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in tags.items():
        directory[int(number[1:])] = value
    return encode(fruit(1), "TIFF", tiffinfo=directory)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), "HEIC"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99), "Canon raw"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(99), "video"),
        (b"\xff\x0a\xfa\x1f" + bytes(99), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "Canon raw"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(99), "Fujifilm raw"),
        (tiff_with(t50706=b"\1\4\0\0"), "camera raw"),
        (tiff_with(t254=1, t330=8), "camera raw"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "SVG"),
        (b"%PDF-1.7\n" + bytes(99), "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"8BPS\0\1" + bytes(99), "Photoshop"),
        (jpeg(1).replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), "JPEG of 12 bits"),
    ],
)
def test_a_format_that_is_known_and_not_decoded_is_named_with_what_to_do(content: bytes, name: str) -> None:
    refused = refusal_of(content)
    assert refused.reason == "unsupported-format"
    assert refused.detail.startswith(name)
    assert "export" in refused.detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04" + bytes(60), "a ZIP archive; unpack it"),
        (b"\x1f\x8b\x08" + bytes(60), "compressed by gzip; unpack it"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "an error message of S3"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "a pointer of Git LFS"),
        (b"Dear colleague,\nhere are the apples.", "text: Dear colleague, here are the apples."),
        (bytes(1000), "nothing but zeros"),
        (b"\1\2\3\4", "starts with 01 02 03 04"),
    ],
)
def test_what_is_no_picture_is_told_by_what_it_is(content: bytes, said: str) -> None:
    refused = refusal_of(content)
    assert refused.reason == "not-an-image"
    assert refused.detail.startswith(said)


def test_a_text_chunk_of_the_size_that_pillow_bounds_is_still_refused_by_pillow_alone() -> None:
    bomb_of_text = png_with(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(90_000_000))))
    with pytest.raises(ValueError, match="too large"):
        Image.open(io.BytesIO(bomb_of_text)).load()
    assert PngImagePlugin.MAX_TEXT_CHUNK < 90_000_000
