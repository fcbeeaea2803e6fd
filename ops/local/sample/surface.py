"""Meshes of a fruit's outside: solids of revolution and bent tubes, and what light needs to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Profile = Sequence[tuple[float, float]]
Curve = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

MERIDIAN_POINTS = 384
PARALLEL_POINTS = 768
# Share of a tube over which each end is rounded off.
CAP = 0.05


@dataclass(frozen=True)
class Mesh:
    """A closed surface sampled on a grid that runs along an axis and around it.

    Attributes
    ----------
    position : ndarray, shape (3, rows, columns)
        Points; the first row is the stem end, and the columns close on themselves.
    openness : ndarray, shape (rows, 1)
        Share of the light of a whole sky that reaches each row, in [0, 1].
    """

    position: Array
    openness: Array


@dataclass(frozen=True)
class Surface:
    """Painted points, ready for a camera.

    Attributes
    ----------
    position, normal, albedo : ndarray, shape (3, points)
        Place, unit outward normal, and reflectance in linear RGB times openness.
    gloss : ndarray, shape (points,)
        0 = matt, 1 = polished.
    spacing : float
        Distance that hardly any two neighbours exceed, in units of the position.
    """

    position: Array
    normal: Array
    albedo: Array
    gloss: Array
    spacing: float


def join(*surfaces: Surface) -> Surface:
    """Make one of several surfaces: a body and its stalk, say."""
    return Surface(
        np.concatenate([surface.position for surface in surfaces], axis=1),
        np.concatenate([surface.normal for surface in surfaces], axis=1),
        np.concatenate([surface.albedo for surface in surfaces], axis=1),
        np.concatenate([surface.gloss for surface in surfaces]),
        max(surface.spacing for surface in surfaces),
    )


def revolve(profile: Profile) -> Mesh:
    """Turn a profile about the z axis.

    Parameters
    ----------
    profile : sequence of (radius, height)
        Control points from the stem end (radius 0) to the other end (radius 0).

    Returns
    -------
    Mesh
        Smooth through the control points, with evenly spaced rows.
    """
    radius, height = _smooth_curve(profile, MERIDIAN_POINTS)
    turn = _turn(PARALLEL_POINTS)
    circle = np.stack([np.cos(turn), np.sin(turn), np.ones_like(turn)])
    position = np.stack([radius, radius, height])[:, :, None] * circle[:, None, :]
    return Mesh(position.astype(np.float32), _openness(radius, height))


def tube(path: Curve, width: Sequence[float], *, thickness: float = 1.0, rows: int = 96, columns: int = 48) -> Mesh:
    """Sweep an ellipse along a quadratic Bezier curve.

    Parameters
    ----------
    path : three points (x, y, z)
        Start, pull and end of the curve; its plane holds the thickness, the width stands across.
    width : sequence of float
        Half widths at equal steps of the path, first to last.
    thickness : float
        Thickness over width: 1 is round, 0.1 is a leaf.
    """
    start, pull, end = (np.array(point, dtype=np.float64)[:, None] for point in path)
    # Closer together towards the ends, where the caps are steep.
    step = (1 - np.cos(np.linspace(0, np.pi, rows))) / 2
    centre = (1 - step) ** 2 * start + 2 * step * (1 - step) * pull + step**2 * end
    tangent = np.gradient(centre, axis=1)
    across = np.cross((pull - start)[:, 0], (end - pull)[:, 0])
    if not np.any(across):
        across = np.cross((end - start)[:, 0], (0.3, 0.5, 0.8))
    across = (across / np.linalg.norm(across))[:, None]
    upward = np.cross(across, tangent, axis=0)
    upward /= np.linalg.norm(upward, axis=0)
    to_end = (np.minimum(step, 1 - step) / CAP).clip(0, 1)
    half_width = np.interp(step, np.linspace(0, 1, len(width)), width) * np.sqrt(1e-4 + to_end * (2 - to_end))
    turn = _turn(columns)
    position = (
        centre[:, :, None]
        + across[:, :, None] * (half_width[:, None] * np.cos(turn))
        + upward[:, :, None] * (half_width[:, None] * thickness * np.sin(turn))
    )
    return Mesh(position.astype(np.float32), np.ones((rows, 1), np.float32))


def normals(position: Array) -> Array:
    """Return the unit outward normals of a mesh, from its neighbours, shape (3, rows, columns)."""
    along = np.gradient(position, axis=1)
    around = np.roll(position, -1, axis=2) - np.roll(position, 1, axis=2)
    normal: Array = np.stack(
        [
            along[1] * around[2] - along[2] * around[1],
            along[2] * around[0] - along[0] * around[2],
            along[0] * around[1] - along[1] * around[0],
        ]
    )
    normal /= np.sqrt((normal**2).sum(axis=0)) + np.float32(1e-12)
    return normal


def spacing(position: Array) -> float:
    """Return the distance between neighbours that 99 % of them keep."""
    along = np.sqrt((np.diff(position, axis=1) ** 2).sum(axis=0))
    around = np.sqrt((np.diff(position, axis=2) ** 2).sum(axis=0))
    return float(max(np.quantile(along[:, ::8], 0.99), np.quantile(around[:, ::8], 0.99)))


def _turn(columns: int) -> NDArray[np.float64]:
    return np.linspace(0, 2 * np.pi, columns, endpoint=False)


def _smooth_curve(profile: Profile, samples: int) -> NDArray[np.float64]:
    """Catmull-Rom spline through the control points, level at both poles, at equal arc lengths."""
    knots = np.array(profile, dtype=np.float64)
    mirror = np.array([-1.0, 1.0])
    knots = np.vstack([knots[1] * mirror, knots, knots[-2] * mirror])
    step = np.linspace(0, 1, 80, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * step + (2 * a - 5 * b + 4 * c - d) * step**2 + (3 * b - a - 3 * c + d) * step**3)
        for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False)
    ]
    curve = np.vstack([*pieces, knots[-2:-1]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    # Half a step from each pole: a row of coinciding points has no normal.
    at = (np.arange(samples) + 0.5) * (length[-1] / samples)
    return np.stack([np.interp(at, length, curve[:, axis]) for axis in (0, 1)])


def _openness(radius: NDArray[np.float64], height: NDArray[np.float64]) -> Array:
    """How far the horizon stays below each row: 1 on a ball, little at the bottom of a stem cavity."""
    section = np.stack([np.concatenate([radius, -radius]), np.concatenate([height, height])])
    tangent = np.stack([np.gradient(radius), np.gradient(height)])
    tangent /= np.hypot(*tangent)
    reach = section[:, None, :] - np.stack([radius, height])[:, :, None]
    distance = np.hypot(*reach) + 1e-9
    rise = (-tangent[1][:, None] * reach[0] + tangent[0][:, None] * reach[1]) / distance
    ahead = (tangent[:, :, None] * reach).sum(axis=0) > 0
    horizon = [np.where(side, rise, 0).max(axis=1).clip(0, 1) for side in (ahead, ~ahead)]
    openness: Array = (1 - (horizon[0] + horizon[1]) / 2)[:, None].astype(np.float32)
    return openness
