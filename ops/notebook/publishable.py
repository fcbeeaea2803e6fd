"""What a page has to be before it is published: whole in itself, small enough to commit, and silent about its maker."""

import re
from typing import Final

from ops.errors import FruitsError

LARGEST: Final = 3_000_000
"""Bytes of a page that may be committed."""

_ELSEWHERE: Final = re.compile(
    r"<(script|link|iframe|object|embed)\b|\bsrc\s*=\s*(?![\"']?data:)|@import|url\((?![\"']?data:)", re.IGNORECASE
)
"""What makes a page load something: only addresses of the kind ``data:`` are in the page itself."""

_OF_A_MACHINE: Final = re.compile(r"(?<![\w.])/(home|Users|root|tmp|var|private|mnt)/[^\s<\"']*")
"""Paths that tell where on whose machine the page was made."""


class NotPublishable(FruitsError):
    """A page cannot be published as it is."""


def require_publishable(html: str) -> None:
    """Refuse a page that loads something from elsewhere, names a folder of its maker, or is too large.

    Raises
    ------
    NotPublishable
        With what is wrong.
    """
    for pattern, fault in (
        (_ELSEWHERE, "the page would load something that is not in it"),
        (_OF_A_MACHINE, "the page names a folder of the machine it was made on"),
    ):
        if found := pattern.search(html):
            raise NotPublishable(f"{fault}: …{html[max(0, found.start() - 30) : found.end() + 60]}…")
    if (size := len(html.encode())) > LARGEST:
        raise NotPublishable(f"the page has {size:,} bytes; at most {LARGEST:,}: show fewer photographs in its figures")
