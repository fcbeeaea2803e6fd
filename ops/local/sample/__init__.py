"""A rendered sample of fruit photographs, so that the project shows itself without any data set.

The photographs are laid out, named and sized as those of Fruits-360: `Training/<Label>/` and
`Test/<Label>/`, one JPEG per angle of a fruit on a turntable, cut out on white. Test photographs
show other angles of another specimen, so that the split means something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from zlib import crc32

import numpy as np

from ops.local.sample.folder import (
    MARKER,
    SIGNATURE,
    SampleError,
    digest,
    read_marker,
    remove,
    rendered_in,
    write_if_changed,
    write_marker,
)
from ops.local.sample.fruit import SPECIES
from ops.local.sample.scene import LYING, SIDE, UPRIGHT, photograph

__all__ = ["LABELS", "MARKER", "SampleError", "SampleSummary", "render_sample"]

# Raise with every change of what a photograph looks like: samples rendered before are then redone.
RENDERER = 1
LABELS = tuple(SPECIES)
SPLITS = ("Training", "Test")

_ONE_TEST_IN = 5
_WHOLE_DEGREES = 360
_AXES = (UPRIGHT, LYING)


@dataclass(frozen=True)
class SampleSummary:
    """What a folder holds after `render_sample`.

    Attributes
    ----------
    folder : Path
        The root, with the folders of the splits.
    labels : tuple of str
        The fruits.
    photographs : int
        How many the sample has.
    written, removed : int
        How many had to be written now, and how many of an earlier, different sample were removed.
    """

    folder: Path
    labels: tuple[str, ...]
    photographs: int
    written: int
    removed: int


@dataclass(frozen=True)
class _Shot:
    label: str
    split: str
    axis: str
    angle: int

    @property
    def name(self) -> str:
        return f"{self.split}/{self.label}/{self.axis}{self.angle}_{SIDE}.jpg"


def render_sample(
    folder: Path,
    *,
    per_label: int = 50,
    seed: int = 20,
    labels: Sequence[str] = LABELS,
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Render the sample into a folder, or complete the one that is there.

    A photograph that is there with the same bytes keeps its file, hence its modification time; a
    complete sample is only read. Photographs of a sample rendered earlier with other arguments
    are removed. The marker (`MARKER`) is written last.

    Parameters
    ----------
    folder : Path
        A new or empty folder, or one that this function filled. Hidden files are left alone.
    per_label : int
        Photographs of each label, one in five of them for the test; 5 to 720.
    seed : int
        Picks the specimens and the noise; 0 or more. Equal arguments give equal bytes as long as
        numpy and Pillow stay the same.
    labels : sequence of str
        Fruits to render; all of `LABELS` by default.
    progress : callable, optional
        Called with (photographs done, photographs in all).

    Returns
    -------
    SampleSummary

    Raises
    ------
    SampleError
        For a value out of its range, or a folder that holds anything but a rendered sample.
    """
    chosen = _checked(labels, per_label, seed)
    shots = {shot.name: shot for label in chosen for shot in _shots(label, per_label)}
    present = rendered_in(folder, shots)
    marker: dict[str, object] = {
        "rendered": True,
        "renderer": RENDERER,
        "seed": seed,
        "per_label": per_label,
        "photographs": len(shots),
        "labels": list(chosen),
    }
    if present == shots.keys() and read_marker(folder) == marker | {"sha256": digest(folder, shots)}:
        if progress:
            progress(len(shots), len(shots))
        return SampleSummary(folder, chosen, len(shots), written=0, removed=0)

    (folder / MARKER).unlink(missing_ok=True)
    stale = present - shots.keys()
    remove(folder, stale)
    written = 0
    for done, (name, content) in enumerate(_photographs(shots.values(), seed), start=1):
        written += write_if_changed(folder, name, content)
        if progress:
            progress(done, len(shots))
    write_marker(folder, marker | {"sha256": digest(folder, shots)})
    return SampleSummary(folder, chosen, len(shots), written, len(stale))


def _checked(labels: Sequence[str], per_label: int, seed: int) -> tuple[str, ...]:
    most = len(_AXES) * _WHOLE_DEGREES
    if not _ONE_TEST_IN <= per_label <= most:
        raise SampleError(f"per_label is {per_label}; give {_ONE_TEST_IN} to {most} photographs of each label.")
    if seed < 0:
        raise SampleError(f"seed is {seed}; give 0 or more.")
    unknown = [label for label in labels if label not in SPECIES]
    if unknown or not labels:
        raise SampleError(f"labels are {list(labels)}; give some of: {', '.join(LABELS)}.")
    return tuple(dict.fromkeys(labels))


def _shots(label: str, per_label: int) -> list[_Shot]:
    """Evenly spaced angles about each axis, every fifth for the test; grouped by split."""
    views = [
        (axis, index * _WHOLE_DEGREES // count)
        for axis, count in zip(_AXES, ((per_label + 1) // 2, per_label // 2), strict=True)
        for index in range(count)
    ]
    training = [view for index, view in enumerate(views, start=1) if index % _ONE_TEST_IN]
    test = views[_ONE_TEST_IN - 1 :: _ONE_TEST_IN]
    return [
        _Shot(label, split, axis, angle)
        for split, part in zip(SPLITS, (training, test), strict=True)
        for axis, angle in part
    ]


def _photographs(shots: Iterable[_Shot], seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and JPEG of each shot; every label and split has a specimen of its own."""
    comment = b"%s, renderer %d" % (SIGNATURE, RENDERER)
    for (label, split), group in groupby(shots, key=lambda shot: (shot.label, shot.split)):
        # Seeded by name: neither the other labels nor the number of shots changes a photograph.
        specimen = [seed, crc32(label.encode()), SPLITS.index(split)]
        surface = SPECIES[label](np.random.default_rng(specimen))
        for shot in group:
            rng = np.random.default_rng([*specimen, _AXES.index(shot.axis), shot.angle])
            yield shot.name, photograph(surface, shot.axis, shot.angle, rng, comment=comment)
