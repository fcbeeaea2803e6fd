"""The studio: a turntable, a camera, soft light from the upper left, white ground, JPEG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ops.local.sample.skin import GAMMA
from ops.local.sample.surface import Array, Surface

SIDE = 100
SUPERSAMPLING = 2
MARGIN = 2
JPEG_QUALITY = 95

UPRIGHT = ""
LYING = "r_"

_ELEVATION = np.radians(9)
# Unit vectors, to the camera's right, up and to the viewer.
_KEY = np.array([-0.502, 0.602, 0.621])
_FILL = np.array([0.752, 0.100, 0.651])
_TO_VIEWER = np.array([0.0, 0.0, 1.0])
_AMBIENT, _KEY_POWER, _FILL_POWER = 0.22, 0.90, 0.16
_WRAP = 0.25


def photograph(surface: Surface, axis: str, angle: float, rng: np.random.Generator, *, comment: bytes) -> bytes:
    """Take one shot of a fruit on the turntable.

    Parameters
    ----------
    surface : Surface
        The fruit, its stem along +z.
    axis : str
        `UPRIGHT`: stem up, the fruit turns about its own axis; `LYING`: stem to the side, the
        fruit turns end over end before the camera.
    angle : float
        Degrees turned.
    rng : numpy.random.Generator
        Exposure, white balance and sensor noise of this shot.
    comment : bytes
        Kept in the JPEG's comment.

    Returns
    -------
    bytes
        A JPEG of SIDE x SIDE RGB pixels; the fruit touches the margin in one direction at least.
    """
    turned = _rotation(axis, angle)
    seen, row, column = _project(surface, turned)
    light = _shade(seen, turned)
    light *= np.float32(rng.normal(1, 0.03)) * rng.normal(1, 0.012, (3, 1)).astype(np.float32)
    pixels = np.ones((SIDE * SUPERSAMPLING, SIDE * SUPERSAMPLING, 3), np.float32)
    pixels[row, column] = _develop(light).T
    reduced = pixels.reshape(SIDE, SUPERSAMPLING, SIDE, SUPERSAMPLING, 3).mean(axis=(1, 3))
    grain = rng.normal(0, 0.008, reduced.shape).astype(np.float32)
    # The ground is cut out to pure white, as in the data set: only the fruit keeps the sensor's noise.
    reduced += grain * (reduced.min(axis=2, keepdims=True) < 0.98)
    levels = (reduced.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    encoded = BytesIO()
    Image.fromarray(levels).save(encoded, "JPEG", quality=JPEG_QUALITY, subsampling=0, comment=comment)
    return encoded.getvalue()


def _rotation(axis: str, angle: float) -> NDArray[np.float64]:
    """Fruit coordinates (stem +z) to the camera's (x right, y up, z towards the viewer)."""
    turn, (lift_sin, lift_cos) = np.radians(angle), (np.sin(_ELEVATION), np.cos(_ELEVATION))
    about_vertical = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    look_down = np.array([[1, 0, 0], [0, lift_cos, -lift_sin], [0, lift_sin, lift_cos]])
    mounts = {
        UPRIGHT: np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
        LYING: np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]]),
    }
    return np.asarray(look_down @ about_vertical @ mounts[axis])


def _project(surface: Surface, rotation: NDArray[np.float64]) -> tuple[Surface, NDArray[np.intp], NDArray[np.intp]]:
    """Points nearest to the camera, and the row and column of each on the supersampled grid."""
    side = SIDE * SUPERSAMPLING
    right, up = (_along(surface.position, rotation[axis]) for axis in (0, 1))
    extent = max(np.ptp(right), np.ptp(up))
    frame = side - 2 * MARGIN * SUPERSAMPLING
    # Each point covers as many pixels as lie between it and the next, so that no gap shows.
    reach = int(np.ceil(surface.spacing * frame / extent))
    scale = (frame - reach) / extent
    front = np.flatnonzero(_along(surface.normal, rotation[2]) > 0)
    column = (side / 2 + (right[front] - (right.max() + right.min()) / 2) * scale).astype(np.int64)
    row = (side / 2 - (up[front] - (up.max() + up.min()) / 2) * scale).astype(np.int64)
    nearness = _along(surface.position[:, front], rotation[2])
    nearness -= nearness.min()
    # One integer holds depth above and point below, so that a maximum keeps the nearest point.
    key = ((nearness * (2**20 / extent)).astype(np.int64) << 24) | front
    nearest = np.full(side * side, -1, np.int64)
    place = row * side + column
    for down in range(reach):
        for across in range(reach):
            np.maximum.at(nearest, place - (down - reach // 2) * side - (across - reach // 2), key)
    hit = np.flatnonzero(nearest >= 0)
    point = nearest[hit] & (2**24 - 1)
    seen = Surface(
        surface.position[:, point],
        surface.normal[:, point],
        surface.albedo[:, point],
        surface.gloss[point],
        surface.spacing,
    )
    return seen, hit // side, hit % side


def _shade(seen: Surface, rotation: NDArray[np.float64]) -> Array:
    """Linear light towards the camera: Lambert, softened past the terminator, and Blinn-Phong."""
    normal = np.stack([_along(seen.normal, rotation[axis]) for axis in range(3)])
    diffuse = _AMBIENT * (0.75 + 0.25 * normal[1])
    shine = np.zeros_like(diffuse)
    # From a broad sheen to the sharp image of a lamp.
    exponent = 8 * np.exp2(7 * seen.gloss)
    for direction, power in ((_KEY, _KEY_POWER), (_FILL, _FILL_POWER)):
        lit = _along(normal, direction)
        diffuse += power * ((lit + _WRAP) / (1 + _WRAP)).clip(0)
        halfway = direction + _TO_VIEWER
        shine += power * _along(normal, halfway / np.linalg.norm(halfway)).clip(0) ** exponent
    light: Array = seen.albedo * diffuse + 0.8 * seen.gloss * shine
    return light


def _along(vectors: Array, direction: NDArray[np.float64]) -> Array:
    """Component of each vector in a direction."""
    # Written out instead of `@`: a BLAS may round differently from one number of threads to another.
    x, y, z = direction.astype(np.float32)
    component: Array = vectors[0] * x + vectors[1] * y + vectors[2] * z
    return component


def _develop(light: Array) -> Array:
    """Linear light to display values, with a shoulder instead of hard clipping."""
    shoulder = np.where(light < 0.7, light, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3))
    return np.asarray(shoulder.clip(0) ** np.float32(1 / GAMMA), np.float32)
