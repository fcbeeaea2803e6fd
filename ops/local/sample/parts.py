"""What several fruits have: stalks, leaves, a calyx, oil glands, pips."""

from __future__ import annotations

import numpy as np

from ops.local.sample.skin import Body, ramp
from ops.local.sample.surface import Array, Surface, join, tube


def stem(body: Body, length: float, width: float, colour: str) -> Surface:
    """Grow a stalk of about `length` out of the stem end, bent to a random side."""
    x, y, z = _stem_end(body)
    lean = body.rng.normal(0, 0.10, 2)
    # The foot is sunk into the body, so that no gap shows around it.
    path = ((x, y, z - 0.06), (x, y, z + length / 2), (x + lean[0], y + lean[1], z + length))
    stalk = Body(body.rng, tube(path, (width, width * 0.8, width, width * 1.3)), variation=0)
    stalk.paint(colour)
    stalk.paint("#2e2413", 0.5 * ramp(stalk.noise(6), 0.0, 1.5))
    return stalk.finish(0.15)


def calyx(
    body: Body, leaves: int, *, foot: float, rise: float, reach: float, drop: float, width: float, colour: str
) -> Surface:
    """Grow leaves around the stem end.

    Each starts `foot` above it, rises by about `rise`, and ends `reach` from the axis and `drop` below
    its start.
    """
    x, y, z = _stem_end(body)
    rng = body.rng
    crown = []
    for number in range(leaves):
        turn = 2 * np.pi * (number + rng.normal(0, 0.12)) / leaves
        out = reach * rng.normal(1, 0.10)
        right, back = out * np.cos(turn), out * np.sin(turn)
        start = z + foot
        path = (
            (x + 0.05 * right, y + 0.05 * back, start),
            (x + 0.55 * right, y + 0.55 * back, start + rise),
            (x + right, y + back, start - drop * rng.normal(1, 0.35)),
        )
        half = width * rng.normal(1, 0.1)
        leaf = Body(rng, tube(path, (half * 0.5, half, half * 0.9, half * 0.5, 0.004), thickness=0.14), variation=0)
        leaf.paint(colour)
        leaf.paint("#a9bd6a", 0.35 * ramp(leaf.noise(5), 0.0, 1.5))
        crown.append(leaf.finish(0.25))
    return join(*crown)


def _stem_end(body: Body) -> tuple[float, float, float]:
    x, y, z = body.position[:, 0].mean(axis=1)
    return float(x), float(y), float(z)


def peel(body: Body, depth: float) -> None:
    """Pit the skin with the oil glands of a citrus fruit, darker at their bottom."""
    glands = ramp(body.noise(13), 0.2, 1.8)
    body.swell(-depth * glands)
    body.openness = body.openness * (1 - 0.12 * glands)


def button(body: Body, colour: str, size: float) -> None:
    """Paint the scar of the stalk: a small disc with a rim."""
    edge = body.along + 0.006 * body.ribs(5)
    body.paint("#6f6a2a", 0.7 * ramp(edge, 1.6 * size, size))
    body.paint(colour, ramp(edge, size, 0.8 * size))


def distance_to_pip(body: Body, pips: int) -> Array:
    """Measure how far each point is from the nearest of `pips`, which follow a sunflower's spiral."""
    golden = np.pi * (3 - np.sqrt(5))
    # Rows of equal length hold a number of pips that grows with their radius.
    radius = np.hypot(body.position[0], body.position[1]).mean(axis=1)
    share = np.cumsum(radius) / radius.sum()
    rows = np.interp((np.arange(pips) + 0.5) / pips, share, np.arange(len(share))).astype(int)
    columns = (np.arange(pips) * golden % (2 * np.pi) / (2 * np.pi) * len(body.turn)).astype(int)
    centres = body.position[:, rows, columns]
    nearest = np.full(body.position.shape[1:], 9.0, np.float32)
    for x, y, z in centres.T:
        square = (body.position[0] - x) ** 2 + (body.position[1] - y) ** 2 + (0.7 * (body.position[2] - z)) ** 2
        np.minimum(nearest, square, out=nearest)
    return np.sqrt(nearest)
