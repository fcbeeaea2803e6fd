"""Texts made fit to be read: without hashes and numbers of accounts, and no longer than they have to be."""

import re
from typing import Final

_ASSET = re.compile(r"\b[0-9a-f]{64}(?=\.\w+)")
_ACCOUNT = re.compile(r"\b\d{12}\b")


def without_hashes(text: str) -> str:
    """Leave out the hashes of the CDK's assets: the right to read the next asset is the right to read this one."""
    return _ASSET.sub("<asset>", text)


def without_accounts(text: str) -> str:
    """Leave out the numbers of accounts from what AWS says."""
    return _ACCOUNT.sub("<account>", text)


_CONTEXT: Final = 12


def where_they_differ(one: str, other: str, longest: int) -> tuple[str, str]:
    """Make two texts at most so long each, by leaving out what both begin and end with."""
    one, other = (" ".join(text.split()) for text in (one, other))
    if max(len(one), len(other)) > longest:
        head = max(0, _common(one, other) - _CONTEXT)
        tail = max(0, _common(one[head:][::-1], other[head:][::-1]) - _CONTEXT)
        one, other = (_between(text, head, tail) if text else text for text in (one, other))
    return shortened(one, longest), shortened(other, longest)


def _common(one: str, other: str) -> int:
    """Count the characters that both begin with."""
    return next(
        (i for i, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other))
    )


def _between(text: str, head: int, tail: int) -> str:
    return f"{'…' if head else ''}{text[head : len(text) - tail]}{'…' if tail else ''}"


def shortened(text: str, longest: int) -> str:
    """Make a text one line of at most so many characters, its middle left out: hashes differ at their ends."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    tail = longest // 3
    return f"{line[: longest - tail - 1]}…{line[-tail:]}"
