"""Twelve fruits: how a specimen of each is shaped and painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from ops.local.sample import profile
from ops.local.sample.parts import button, calyx, distance_to_pip, peel, stem
from ops.local.sample.skin import Body, ramp
from ops.local.sample.surface import Surface, join, revolve, tube


def _apple(rng: Generator) -> Body:
    body = Body(rng, revolve(profile.APPLE))
    body.swell(0.028 * body.ribs(5) * ramp(body.along, 0.6, 0.9) + 0.02 * body.noise(0.35))
    return body


def _finish_apple(body: Body, gloss: float) -> Surface:
    """Add lenticels, russet in the stem cavity, remains of the flower, a stalk."""
    body.paint("#e9c88c", 0.35 * ramp(body.noise(10), 1.7, 2.6))
    body.paint("#97803f", 0.75 * ramp(body.along + 0.02 * body.noise(3), 0.15, 0.06))
    body.paint("#3a2c18", ramp(body.along + 0.006 * body.noise(5), 0.965, 0.985))
    return join(body.finish(gloss), stem(body, 0.64, 0.032, "#5a4426"))


def apple_red(rng: Generator) -> Surface:
    """Grow it dark red all over, with faint lighter streaks."""
    body = _apple(rng)
    body.paint("#a81e22")
    body.paint("#5f0d14", 0.8 * ramp(body.facing() + 0.3 * body.noise(0.6), -0.2, 1.2))
    body.paint("#c65a45", 0.5 * ramp(body.streaks(60, length=0.5) + 0.7 * body.noise(0.9), 0.0, 2.4))
    return _finish_apple(body, 0.55)


def apple_red_yellow(rng: Generator) -> Surface:
    """Grow it yellow with a red, streaked cheek."""
    body = _apple(rng)
    body.paint("#d9b04a")
    body.paint("#b9b24a", 0.6 * ramp(body.noise(0.5), 0.0, 1.5))
    blush = body.facing() + 0.4 * body.noise(0.7) + 0.2 * body.streaks(60, length=0.5)
    body.paint("#d0572f", 0.75 * ramp(blush, -0.7, 0.6))
    body.paint("#a8201f", 0.85 * ramp(blush, 0.0, 1.2))
    return _finish_apple(body, 0.5)


def orange(rng: Generator) -> Surface:
    """Grow a ball with a pitted skin."""
    body = Body(rng, revolve(profile.CITRUS))
    body.swell(0.012 * body.noise(0.5))
    body.paint("#de7c0b")
    body.paint("#eb981d", 0.7 * ramp(body.noise(0.6), -0.5, 1.5))
    peel(body, 0.007)
    button(body, "#a9a860", 0.028)
    return body.finish(0.42)


def mandarine(rng: Generator) -> Surface:
    """Grow it flatter, redder and looser than an orange, with grooves towards the stalk."""
    body = Body(rng, revolve(profile.MANDARINE))
    body.swell(0.022 * body.noise(0.6) + 0.02 * body.ribs(9) * ramp(body.along, 0.34, 0.12))
    body.paint("#d85f0a")
    body.paint("#ee8a1a", 0.6 * ramp(body.noise(0.7), -0.3, 1.6))
    peel(body, 0.006)
    button(body, "#71803a", 0.035)
    return body.finish(0.48)


def lemon(rng: Generator) -> Surface:
    """Grow a spindle with a nipple."""
    body = Body(rng, revolve(profile.LEMON))
    body.swell(0.016 * body.noise(0.6))
    body.paint("#efc81d")
    body.paint("#d9c830", 0.7 * ramp(body.noise(0.6), 0.2, 1.8))
    body.paint("#9fae35", 0.6 * ramp(body.along + 0.01 * body.noise(1.5), 0.94, 0.99))
    peel(body, 0.006)
    button(body, "#7d6a35", 0.025)
    return body.finish(0.42)


def lime(rng: Generator) -> Surface:
    """Grow a small green lemon with a yellowing side."""
    body = Body(rng, revolve(profile.LIME))
    body.swell(0.014 * body.noise(0.6))
    body.paint("#4f7424")
    body.paint("#93a341", 0.85 * ramp(body.facing() + 0.4 * body.noise(0.7), 0.2, 1.3))
    peel(body, 0.005)
    button(body, "#a08a4a", 0.03)
    return body.finish(0.5)


def pear(rng: Generator) -> Surface:
    """Grow it green, with russet speckles and a long stalk."""
    body = Body(rng, revolve(profile.PEAR))
    lean = np.array([*rng.normal(0, 0.05, 2), 0]).astype(np.float32)[:, None, None]
    body.position = body.position + lean * (body.position[2] + 1) ** 2
    body.swell(0.02 * body.noise(0.5))
    body.paint("#a5aa3c")
    body.paint("#c9b948", 0.7 * ramp(body.facing() + 0.4 * body.noise(0.6), 0.0, 1.2))
    body.paint("#6f6a2c", 0.7 * ramp(body.noise(6), 1.3, 2.2))
    body.paint("#8a6a32", 0.6 * ramp(body.along + 0.02 * body.noise(2), 0.10, 0.03))
    body.paint("#33260f", ramp(body.along + 0.004 * body.noise(5), 0.975, 0.99))
    return join(body.finish(0.3), stem(body, 0.52, 0.04, "#5b4325"))


def kiwi(rng: Generator) -> Surface:
    """Grow it brown and hairy."""
    body = Body(rng, revolve(profile.KIWI))
    body.position[1] *= np.float32(0.93)
    body.swell(0.015 * body.noise(0.6))
    hair = body.noise(16, stretch=3)
    body.swell(0.007 * hair)
    body.paint("#6e5128")
    body.paint("#8d7140", 0.6 * ramp(hair, 0.0, 1.8))
    body.paint("#4b3519", 0.7 * ramp(body.noise(1.2), 0.3, 1.8))
    body.paint("#3a2a15", ramp(body.along, 0.035, 0.015) + ramp(body.along, 0.955, 0.975))
    return body.finish(0.08)


def strawberry(rng: Generator) -> Surface:
    """Grow a red cone with pips in pits and a green calyx."""
    body = Body(rng, revolve(profile.STRAWBERRY))
    body.swell(0.03 * body.noise(0.6))
    pip = distance_to_pip(body, 150)
    body.swell(-0.035 * ramp(pip, 0.095, 0.03))
    body.paint("#a8141a")
    body.paint("#d8302a", 0.6 * ramp(body.noise(0.8), -0.2, 1.5))
    body.paint("#7d0a14", 0.55 * ramp(pip, 0.075, 0.04))
    body.paint("#e0b65a", ramp(pip, 0.036, 0.026))
    body.paint("#e8a98a", 0.5 * ramp(body.along + 0.02 * body.noise(1), 0.2, 0.08))
    leaves = calyx(body, 9, foot=0.04, rise=0.22, reach=0.66, drop=0.02, width=0.12, colour="#4f8a2a")
    return join(body.finish(0.6), leaves, stem(body, 0.43, 0.035, "#6f9a3c"))


def tomato(rng: Generator) -> Surface:
    """Grow it red and polished, with a star of sepals."""
    body = Body(rng, revolve(profile.TOMATO))
    body.swell(0.02 * body.ribs(6) * ramp(body.along, 0.5, 0.1) + 0.02 * body.noise(0.4))
    body.paint("#bd220f")
    body.paint("#dd4a17", 0.6 * ramp(body.noise(0.5), 0.0, 1.6))
    body.paint("#d98a2a", 0.6 * ramp(body.along + 0.02 * body.noise(1), 0.16, 0.06))
    sepals = calyx(body, 6, foot=0.08, rise=0.3, reach=0.62, drop=-0.12, width=0.07, colour="#4c7a2b")
    return join(body.finish(0.8), sepals, stem(body, 0.44, 0.05, "#5d7d33"))


def blueberry(rng: Generator) -> Surface:
    """Grow it dark blue under a wax bloom, with a crown."""
    body = Body(rng, revolve(profile.BLUEBERRY))
    crown = ramp(body.along, 0.72, 0.76) * ramp(body.along, 0.86, 0.82)
    body.position[2] -= 0.10 * crown * body.ribs(5)
    body.swell(0.015 * body.noise(0.5))
    body.paint("#232a4a")
    body.paint("#7f8fb5", 0.55 * ramp(body.noise(0.8) + 0.5 * body.noise(3), -2.0, 1.8))
    body.paint("#20182a", 0.85 * ramp(body.along, 0.80, 0.86))
    body.paint("#4a3a2c", ramp(body.along, 0.03, 0.02))
    return body.finish(0.25)


def banana(rng: Generator) -> Surface:
    """Grow a bent tube with blunt edges, green towards the stalk, brown at both ends."""
    bend = 1.35 + rng.normal(0, 0.08)
    width = (0.05, 0.085, 0.10, 0.22, 0.29, 0.31, 0.31, 0.30, 0.27, 0.20, 0.10, 0.04)
    body = Body(rng, tube(((0, 0, 1.25), (bend, 0, 0.1), (0, 0, -1.25)), width, rows=420, columns=420))
    edges = body.ribs(5)
    body.swell(0.014 * edges + 0.006 * body.noise(0.8))
    body.paint("#e6bd23")
    body.paint("#d2a51c", 0.6 * ramp(body.noise(0.8), 0.0, 1.6))
    body.paint("#a3a83a", 0.75 * ramp(body.along + 0.03 * body.noise(1), 0.34, 0.15))
    body.paint("#9c7a1d", 0.5 * ramp(edges, 0.85, 1.0))
    body.paint("#5a3a14", 0.85 * ramp(body.noise(2.2) + 0.6 * body.noise(6), 2.1, 2.7))
    body.paint("#3a2a18", ramp(body.along + 0.01 * body.noise(4), 0.11, 0.08))
    body.paint("#2f2416", ramp(body.along + 0.01 * body.noise(4), 0.865, 0.90))
    return body.finish(0.3)


SPECIES: dict[str, Callable[[Generator], Surface]] = {
    "Apple Red 1": apple_red,
    "Apple Red Yellow 1": apple_red_yellow,
    "Banana": banana,
    "Blueberry": blueberry,
    "Kiwi": kiwi,
    "Lemon": lemon,
    "Limes": lime,
    "Mandarine": mandarine,
    "Orange": orange,
    "Pear": pear,
    "Strawberry": strawberry,
    "Tomato 1": tomato,
}
