"""Damage to files, by chance."""

import numpy as np


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file as disks, networks and attackers do: bytes changed, cut out, doubled, or cut off."""
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        start = int(rng.integers(0, max(1, len(damaged))))
        # Half of the damage goes to the header, where decoders believe what they read.
        start = start if rng.random() < 0.5 else start % 700
        end = start + int(rng.integers(1, 40))
        kind = rng.integers(0, 5)
        if kind == 0:
            damaged[start:end] = rng.bytes(len(damaged[start:end]))
        elif kind == 1:
            del damaged[start:end]
        elif kind == 2:
            damaged[start:start] = damaged[start:end]
        elif kind == 3:
            damaged[start : start + 1] = rng.choice([b"\0", b"\xff", b"\x7f"])
        elif rng.random() < 0.2:
            del damaged[start:]
    return bytes(damaged)
