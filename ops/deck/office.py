"""The template of the PowerPoint file to edit: pandoc's own, in letters that leave the texts room on a slide."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MASTER: Final = "ppt/slideMasters/slideMaster1.xml"
_BESIDE: Final = "ppt/slideLayouts/slideLayout8.xml"
"""The layout that pandoc takes for a text beside a table or a picture, "Content with Caption"."""

_SIZES: Final[Mapping[str, Mapping[int, int]]] = {
    _MASTER: {3300: 2400, 2400: 1800, 2100: 1600, 1800: 1400, 1500: 1300, 1350: 1200},
    _BESIDE: {1500: 2000, 2400: 1600, 2100: 1500, 1800: 1400, 1050: 1200, 900: 1100, 750: 1000},
}
"""Sizes of letters in hundredths of a point, and what becomes of them; in the second the title has 1500."""

_PLACES: Final = {
    ("457201", "204787", "3008313", "871538"): ("457200", "205979", "8229600", "857250"),
    ("3575050", "204788", "5111750", "4389835"): ("3383280", "1200151", "5303520", "3394472"),
    ("457201", "1076326", "3008313", "3518297"): ("457200", "1200151", "2743200", "3394472"),
}
"""Left, top, width and height of title, table and text of that layout: the title above both, as on other slides."""


def write_template(default: Path, target: Path) -> None:
    """Write the template.

    Parameters
    ----------
    default
        Pandoc's own, ``pandoc --print-default-data-file reference.pptx``.
    target
        Where to.
    """
    with zipfile.ZipFile(default) as read, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for part in read.infolist():
            content = read.read(part)
            if part.filename in _SIZES:
                content = _placed(resized(content.decode(), _SIZES[part.filename])).encode()
            written.writestr(part, content)


def resized(part: str, sizes: Mapping[int, int]) -> str:
    """Return a part of a presentation with other sizes of letters; those that are not named stay.

    Examples
    --------
    >>> resized('<a:defRPr sz="3300"/><a:defRPr sz="900"/>', {3300: 2400})
    '<a:defRPr sz="2400"/><a:defRPr sz="900"/>'
    """

    def size(found: re.Match[str]) -> str:
        return f'sz="{sizes.get(int(found[1]), int(found[1]))}"'

    return re.sub(r'\bsz="(\d+)"', size, part)


def _placed(part: str) -> str:
    for old, new in _PLACES.items():
        part = part.replace(_box(*old), _box(*new))
    return part


def _box(left: str, top: str, width: str, height: str) -> str:
    return f'<a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/>'
