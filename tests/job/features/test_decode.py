"""Decoding: every format and colour mode to the same pixels, and every broken file to a reason."""

import io
import subprocess
import sys
import time
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from job.errors import Rejected
from job.features.decode import SIDE, decode, thumbnail
from tests.damage import mutate
from tests.pictures import CORNERS, bomb, encode, exif_with, four_corners, fruit, jpeg, png, turned

ORANGE = (250, 140, 20)
MUTATIONS = 2000
SLOWEST_SECONDS = 5.0
"""Of work: what a busy machine lets a process wait does not count."""


def square(colour: Any = ORANGE, mode: str = "RGB", side: int = 64) -> Image.Image:
    return Image.new(mode, (side, side), colour)


def colour_of(content: bytes) -> tuple[int, ...]:
    """Colour in the middle of the decoded picture."""
    return tuple(int(value) for value in decode(content).pixels[SIDE // 2, SIDE // 2])


def reason_of(content: bytes) -> str:
    with pytest.raises(Rejected) as refused:
        decode(content)
    assert refused.value.detail
    assert "\n" not in refused.value.detail
    return refused.value.reason


def near(colour: tuple[int, ...], tolerance: int = 4) -> Any:
    return pytest.approx(colour, abs=tolerance)


def with_transparent_left(mode: str) -> Image.Image:
    picture = square((*ORANGE, 255), "RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 32, 64))
    return picture.convert(mode)


def survive(contents: list[bytes], mutations: int, seed: int) -> Counter[str]:
    """Decode mutations of files, each of which must give pixels or a reason, soon; count which."""
    rng = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    for number in range(mutations):
        content = mutate(contents[number % len(contents)], rng)
        started = time.process_time()
        try:
            decoded = decode(content)
        except Rejected as refused:
            outcomes[refused.reason] += 1
        else:
            assert decoded.pixels.shape == (SIDE, SIDE, 3)
            assert decoded.pixels.dtype == np.uint8
            outcomes["decoded"] += 1
        assert time.process_time() - started < SLOWEST_SECONDS, f"mutation {number} of seed {seed}"
    return outcomes


# ---- formats and colours


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF"])
def test_every_format_gives_the_colour_of_the_photograph(image_format: str) -> None:
    assert colour_of(encode(square(), image_format)) == near(ORANGE)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"])
def test_every_compression_of_tiff_is_decoded(compression: str) -> None:
    assert colour_of(encode(square(), "TIFF", compression=compression)) == near(ORANGE)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "PPM"])
def test_gray_gives_three_equal_channels(image_format: str) -> None:
    assert colour_of(encode(square(100, "L"), image_format)) == near((100, 100, 100), 1)


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_is_looked_up(image_format: str) -> None:
    assert colour_of(encode(square().quantize(4), image_format)) == near(ORANGE)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_what_is_transparent_becomes_white(mode: str, image_format: str) -> None:
    pixels = decode(encode(with_transparent_left(mode), image_format)).pixels
    assert tuple(pixels[112, 40]) == (255, 255, 255)
    assert tuple(pixels[112, 180]) == near(ORANGE if mode == "RGBA" else (159,) * 3)


def test_an_edge_to_transparency_has_no_dark_rim() -> None:
    edge = decode(encode(with_transparent_left("RGBA"), "PNG")).pixels[112]
    assert (edge >= np.array(ORANGE) - 2).all()


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_a_palette_with_alpha_becomes_white_where_it_is_transparent(image_format: str) -> None:
    picture = Image.new("P", (64, 64), 1)
    picture.putpalette([0, 0, 255, *ORANGE])
    picture.paste(0, (0, 0, 32, 64))
    pixels = decode(encode(picture, image_format, transparency=0)).pixels
    assert (tuple(pixels[112, 40]), tuple(pixels[112, 180])) == ((255,) * 3, ORANGE)


def test_a_palette_with_an_alpha_for_each_entry_is_blended_with_white() -> None:
    content = encode(square((0, 0, 0)).quantize(2), "PNG", transparency=bytes([128, 128]))
    assert colour_of(content) == near((127, 127, 127), 1)


def test_a_transparent_colour_of_rgb_becomes_white() -> None:
    assert colour_of(encode(square(), "PNG", transparency=ORANGE)) == (255, 255, 255)


def test_a_transparent_gray_becomes_white() -> None:
    assert colour_of(encode(square(9, "L"), "PNG", transparency=9)) == (255, 255, 255)


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_cmyk_is_converted(image_format: str) -> None:
    assert colour_of(encode(square((0, 255, 255, 0), "CMYK"), image_format)) == near((255, 0, 0))


@pytest.mark.parametrize("mode", ["YCbCr", "LAB"])
def test_other_colour_spaces_of_tiff_are_converted(mode: str) -> None:
    from PIL import ImageCms

    if mode == "LAB":
        to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        picture = ImageCms.applyTransform(square(), to_lab)
        assert picture is not None
    else:
        picture = square().convert(mode)
    assert colour_of(encode(picture, "TIFF")) == near(ORANGE, 8)


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("value", [0, 1])
def test_one_bit_gives_black_and_white(image_format: str, value: int) -> None:
    assert colour_of(encode(square(value, "1"), image_format)) == (255 * value,) * 3


def test_one_bit_is_averaged_not_sampled() -> None:
    checkers = Image.fromarray((np.indices((448, 448)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert(
        "1", dither=Image.Dither.NONE
    )
    assert colour_of(encode(checkers, "PNG")) == near((128, 128, 128), 2)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
@pytest.mark.parametrize("share", [0.001, 0.25, 1.0])
def test_16_bit_gray_keeps_its_brightness(image_format: str, share: float) -> None:
    values = np.full((64, 64), round(65535 * share), np.uint16)
    assert colour_of(encode(Image.fromarray(values), image_format)) == near((round(255 * share),) * 3, 1)


def test_big_endian_16_bit_tiff_is_decoded() -> None:
    picture = Image.frombytes("I;16B", (64, 64), b"\x40\x00" * 64 * 64)
    assert colour_of(encode(picture, "TIFF")) == near((64, 64, 64), 1)


def test_16_bit_rgb_png_is_decoded() -> None:
    row = b"\0" + b"".join(bytes([value, 0]) for value in ORANGE) * 8
    assert colour_of(png(8, 8, 16, 2, zlib.compress(row * 8))) == near(ORANGE, 1)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (0.0, 65535.0), (-3.0, 5.0), (0.0, 1e9)], ids=str)
def test_floating_tiff_spans_black_to_white(low: float, high: float) -> None:
    values = np.full((64, 64), low, np.float32)
    values[:, 32:] = high
    pixels = decode(encode(Image.fromarray(values), "TIFF")).pixels
    assert (tuple(pixels[112, 40]), tuple(pixels[112, 180])) == ((0,) * 3, (255,) * 3)


def test_floats_that_are_no_numbers_become_black() -> None:
    values = np.full((64, 64), np.nan, np.float32)
    values[:, 32:], values[0, 40] = 1.0, np.inf
    pixels = decode(encode(Image.fromarray(values), "TIFF")).pixels
    assert (tuple(pixels[112, 40]), tuple(pixels[112, 180])) == ((0,) * 3, (255,) * 3)


def test_32_bit_tiff_is_decoded() -> None:
    values = np.full((64, 64), 51, np.int32)
    assert colour_of(encode(Image.fromarray(values), "TIFF")) == (51, 51, 51)


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(image_format: str) -> None:
    content = encode(square(), image_format, save_all=True, append_images=[square("blue"), square("green")])
    assert colour_of(content) == near(ORANGE)


def test_the_name_plays_no_part_as_only_the_bytes_are_read() -> None:
    assert (decode(encode(four_corners(), "PNG")).pixels == decode(encode(four_corners(), "BMP")).pixels).all()


# ---- EXIF, proportions, scale


def corners_of(pixels: NDArray[np.uint8]) -> dict[str, tuple[int, ...]]:
    # 300 x 200 fitted into 224: 149 rows, from row 37 on.
    rows, columns = {"top": 60, "bottom": 160}, {"left": 40, "right": 180}
    return {name: tuple(map(int, pixels[rows[name.split()[0]], columns[name.split()[1]]])) for name in CORNERS}


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_turned_upright(orientation: int, image_format: str) -> None:
    options = {"quality": 95} if image_format == "JPEG" else {"lossless": True}
    decoded = decode(turned(orientation, image_format, **options))
    assert (decoded.width, decoded.height) == (300, 200)
    assert corners_of(decoded.pixels) == {name: near(colour, 8) for name, colour in CORNERS.items()}


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_exif_does_not_know_leaves_the_photograph_as_it_lies(orientation: int) -> None:
    decoded = decode(encode(four_corners(), quality=95, exif=exif_with(orientation)))
    assert corners_of(decoded.pixels) == {name: near(colour, 8) for name, colour in CORNERS.items()}


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_does_not_cost_the_photograph(exif: bytes) -> None:
    assert colour_of(encode(square(), exif=exif)) == near(ORANGE)


@pytest.mark.parametrize(("width", "height"), [(300, 200), (200, 300), (100, 100), (20, 10), (1000, 10)])
def test_proportions_are_kept_on_white(width: int, height: int) -> None:
    decoded = decode(encode(Image.new("RGB", (width, height), "black"), "PNG"))
    black = (decoded.pixels == 0).all(axis=2)
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    assert (len(columns), len(rows)) == (
        round(width * SIDE / max(width, height)),
        round(height * SIDE / max(width, height)),
    )
    assert black[np.ix_(rows, columns)].all()
    assert (decoded.pixels[~black] == 255).all()
    for found in (rows, columns):
        assert abs((SIDE - 1 - found[-1]) - found[0]) <= 1, "not in the middle"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 4000), (4000, 1), (2, 3)])
def test_extreme_sizes_are_decoded(width: int, height: int) -> None:
    decoded = decode(encode(Image.new("RGB", (width, height), "black"), "PNG"))
    assert (decoded.width, decoded.height) == (width, height)
    assert (decoded.pixels == 0).all(axis=2).any()


@pytest.mark.parametrize("size", [(1000, 700), (3000, 2000), (4000, 700)])
def test_a_large_jpeg_at_reduced_scale_is_close_to_the_full_decode(size: tuple[int, int]) -> None:
    picture = fruit(1, 1000).resize(size)
    content = encode(picture, quality=95)
    with Image.open(io.BytesIO(content)) as image:
        full = image.resize((SIDE, round(SIDE * size[1] / size[0])), Image.Resampling.BILINEAR)
    top = (SIDE - full.height) // 2
    reduced = decode(content).pixels[top : top + full.height]
    difference = np.abs(reduced.astype(np.float64) - np.asarray(full))
    assert difference.mean() < 1
    assert difference.max() < 40


def test_a_large_jpeg_is_not_decoded_in_full() -> None:
    content = encode(fruit(1, 400).resize((6000, 6000)), quality=80)
    seconds = []
    for turn in (lambda: decode(content), lambda: Image.open(io.BytesIO(content)).load()):
        started = time.process_time()
        turn()
        seconds.append(time.process_time() - started)
    assert seconds[0] < 0.8 * seconds[1]


def test_a_decoded_photograph_is_the_same_every_time() -> None:
    assert (decode(jpeg(3)).pixels == decode(jpeg(3)).pixels).all()


def test_a_thumbnail_is_a_small_jpeg_of_what_the_backbone_sees() -> None:
    with Image.open(io.BytesIO(thumbnail(encode(four_corners(), "PNG")))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 64))
        assert picture.getpixel((2, 2)) == near((255, 255, 255))
        assert picture.getpixel((16, 20)) == near(CORNERS["top left"], 12)


# ---- what cannot be used


def test_zero_bytes_are_refused_as_empty() -> None:
    assert reason_of(b"") == "empty"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_photograph_is_refused(image_format: str, share: float) -> None:
    content = encode(fruit(1), image_format)
    assert reason_of(content[: int(len(content) * share)]) in ("truncated", "damaged")


def test_a_photograph_cut_at_99_percent_is_refused() -> None:
    assert reason_of(jpeg(1)[: int(len(jpeg(1)) * 0.99)]) == "truncated"


@pytest.mark.parametrize(
    "content",
    [
        b"Dear colleague, here are the apples.\n" * 20,
        b"<html><body>403 Forbidden</body></html>",
        b"#define apple_width 8\n#define apple_height 1\nstatic char apple_bits[] = {\n0x00 };\n",
        bytes(1000),
        b"\0",
        b"PK\x03\x04" + bytes(60),
    ],
    ids=["text", "html", "xbm", "zeros", "one byte", "zip"],
)
def test_what_is_no_photograph_is_refused_as_such(content: bytes) -> None:
    assert reason_of(content) == "not-an-image"


@pytest.mark.parametrize(
    "start", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"II*\0"]
)
def test_a_header_with_nothing_behind_it_is_refused_as_damaged(start: bytes) -> None:
    assert reason_of(start + b"\x01\x02\x03") in ("damaged", "truncated")


def test_a_bomb_is_refused_from_its_header_with_little_memory(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(30_000))
    assert (tmp_path / "bomb.png").stat().st_size < 1_000_000
    script = """
import resource, sys, time
from job.errors import Rejected
from job.features.decode import decode
from tests.pictures import encode, fruit
decode(encode(fruit(1), "PNG"))
content = open(sys.argv[1], "rb").read()
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    decode(content)
except Rejected as refused:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(refused.reason, (peak - before) // 1024, time.process_time() - started)
"""
    root = Path(__file__).parents[3]
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bomb.png")], cwd=root, capture_output=True, text=True, check=True
    )
    reason, mebibytes, seconds = answer.stdout.split()
    assert reason == "too-many-pixels"
    assert int(mebibytes) < 8
    assert float(seconds) < 0.5


def test_a_photograph_that_takes_as_much_memory_as_is_allowed_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(square(), "PNG")
    needed = len(content) + 64 * 64 * 4
    monkeypatch.setattr("job.features.pixels.MAX_BYTES", needed)
    assert colour_of(content) == ORANGE
    monkeypatch.setattr("job.features.pixels.MAX_BYTES", needed - 1)
    assert reason_of(content) == "too-many-pixels"


def test_decoding_leaves_warnings_as_they_were() -> None:
    before = list(warnings.filters)
    decode(jpeg(1))
    assert warnings.filters == before


# ---- fuzz


@pytest.mark.slow
def test_2000_mutations_of_generated_jpegs_are_decoded_or_refused() -> None:
    outcomes = survive([jpeg(seed) for seed in range(20)], MUTATIONS, seed=360)
    assert min(outcomes["decoded"], outcomes["truncated"], outcomes["damaged"]) > MUTATIONS // 100, outcomes


@pytest.mark.slow
def test_2000_mutations_of_real_jpegs_are_decoded_or_refused(real_photographs: list[Path]) -> None:
    outcomes = survive([path.read_bytes() for path in real_photographs], MUTATIONS, seed=361)
    assert min(outcomes["decoded"], outcomes["truncated"], outcomes["damaged"]) > MUTATIONS // 100, outcomes


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF", "PPM"])
def test_mutations_of_other_formats_are_decoded_or_refused(image_format: str) -> None:
    options = {"exif": exif_with(6)} if image_format in ("PNG", "WEBP", "TIFF") else {}
    outcomes = survive([encode(fruit(seed), image_format, **options) for seed in range(4)], 200, seed=362)
    assert outcomes.total() - outcomes["decoded"] > 10, outcomes
