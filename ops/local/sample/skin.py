"""Shaping and painting of one fruit: dents, ribs and pores; blush, streaks and speckles."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ops.local.sample.surface import Array, Mesh, Surface, normals, spacing

NOISE_SIZE = 64
NOISE_WAVES = 10
GAMMA = 2.2


class Body:
    """One specimen's outside while it is being made; every method changes it in place.

    Parameters
    ----------
    rng : numpy.random.Generator
        What makes this specimen differ from the next.
    mesh : Mesh
        Its shape, about two units long.
    variation : float
        Standard deviation of the specimen's proportions and colour balance.

    Attributes
    ----------
    along : ndarray, shape (rows, 1)
        0 at the stem end, 1 at the other; the same step from row to row.
    turn : ndarray, shape (columns,)
        Angle about the axis, in radians.
    """

    def __init__(self, rng: np.random.Generator, mesh: Mesh, *, variation: float = 0.045) -> None:
        rows, columns = mesh.position.shape[1:]
        self.rng = rng
        self.openness = mesh.openness
        self.along = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
        self.turn = np.arange(columns, dtype=np.float32) * np.float32(2 * np.pi / columns)
        self.position = mesh.position * _float32(rng.normal(1, variation, (3, 1, 1)))
        self.balance = _float32(rng.normal(1, variation, (3, 1, 1)))
        self.colour = np.zeros_like(self.position)

    def noise(self, frequency: float, *, stretch: float = 1.0) -> Array:
        """Smooth random pattern with mean 0 and deviation 1, `frequency` waves per unit of length.

        `stretch` above 1 draws it out from pole to pole.
        """
        scale = np.array([frequency, frequency, frequency / stretch]) * (NOISE_SIZE / NOISE_WAVES)
        place = self.position * _float32(scale[:, None, None])
        place += _float32(self.rng.uniform(0, NOISE_SIZE, (3, 1, 1)))
        return _interpolate(_noise_volume(), place)

    def streaks(self, count: float, *, length: float = 1.5) -> Array:
        """Noise in meridians, about `count` around the fruit, fading over `length` of a pole-to-pole."""
        radius = count / (2 * np.pi) * NOISE_SIZE / NOISE_WAVES
        shift = self.rng.uniform(0, NOISE_SIZE, 3)
        shape = np.broadcast_shapes(self.along.shape, self.turn.shape)
        place = np.empty((3, *shape), np.float32)
        place[0] = np.cos(self.turn) * radius + shift[0]
        place[1] = np.sin(self.turn) * radius + shift[1]
        place[2] = self.along * (NOISE_SIZE / NOISE_WAVES / length) + shift[2]
        return _interpolate(_noise_volume(), place)

    def facing(self) -> Array:
        """Cosine of the angle to a random side of the fruit, 1 to -1: where the sun reached it."""
        sunny = np.float32(self.rng.uniform(0, 2 * np.pi))
        return _float32(np.cos(self.turn - sunny))[None, :]

    def ribs(self, count: int) -> Array:
        """Cosine of `count` waves around the fruit, from a random angle on."""
        start = np.float32(self.rng.uniform(0, 2 * np.pi))
        return _float32(np.cos(count * self.turn + start))[None, :]

    def swell(self, height: Array) -> None:
        """Move the surface outwards by `height`."""
        self.position = self.position + normals(self.position) * height

    def paint(self, colour: str, cover: Array | float = 1.0) -> None:
        """Lay a colour ('#rrggbb') over the share `cover` (0 to 1) of each point."""
        paint = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        self.colour += (_float32(paint**GAMMA)[:, None, None] - self.colour) * cover

    def finish(self, gloss: float) -> Surface:
        """Freeze the body into a surface of the given gloss."""
        light = self.colour * self.balance * self.openness
        return Surface(
            self.position.reshape(3, -1),
            normals(self.position).reshape(3, -1),
            light.clip(0, 1).reshape(3, -1),
            np.full(light[0].size, gloss, np.float32),
            spacing(self.position),
        )


def ramp(value: Array, low: float, high: float) -> Array:
    """Smooth step from 0 at `low` to 1 at `high` (`low` may be the larger one)."""
    step: Array = ((value - np.float32(low)) / np.float32(high - low)).clip(0, 1)
    smooth: Array = step * step * (3 - 2 * step)
    return smooth


def _float32(values: NDArray[np.floating]) -> Array:
    return values.astype(np.float32)


@lru_cache(maxsize=1)
def _noise_volume() -> Array:
    """White noise passed through a band around NOISE_WAVES per side; it repeats without a seam."""
    white = np.random.default_rng(0).standard_normal((NOISE_SIZE,) * 3)
    waves = np.fft.fftfreq(NOISE_SIZE, 1 / NOISE_SIZE)
    wave = np.sqrt(
        waves[:, None, None] ** 2 + waves[None, :, None] ** 2 + waves[None, None, : NOISE_SIZE // 2 + 1] ** 2
    )
    band = np.exp(-(((wave - NOISE_WAVES) / (0.4 * NOISE_WAVES)) ** 2))
    volume = np.fft.irfftn(np.fft.rfftn(white) * band, s=white.shape, axes=(0, 1, 2))
    return _float32(volume / volume.std())


def _interpolate(volume: Array, place: Array) -> Array:
    """Trilinear value of a periodic volume at `place` (in voxels), shape (rows, columns)."""
    floor = np.floor(place)
    x, y, z = place - floor
    corner = floor.astype(np.int32)
    flat = volume.ravel()
    mask = NOISE_SIZE - 1
    (x0, y0, z0), (x1, y1, z1) = corner & mask, (corner + 1) & mask
    x0, x1 = x0 * NOISE_SIZE**2, x1 * NOISE_SIZE**2
    y0, y1 = y0 * NOISE_SIZE, y1 * NOISE_SIZE

    def edge(start: NDArray[np.int32]) -> Array:
        low: Array = flat[start + z0]
        low += (flat[start + z1] - low) * z
        return low

    near = edge(x0 + y0)
    near += (edge(x0 + y1) - near) * y
    far = edge(x1 + y0)
    far += (edge(x1 + y1) - far) * y
    near += (far - near) * x
    return near
