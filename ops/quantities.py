"""Durations and sizes as people read them."""

from typing import Final

_GIB: Final = 2**30
_MIB: Final = 2**20


def duration(seconds: float, *, rough: bool = False) -> str:
    """Write a duration in its two largest units.

    Parameters
    ----------
    seconds
        How long it is.
    rough
        Whether seconds tell nothing where there are minutes, as in a prediction.

    Examples
    --------
    >>> duration(48), duration(252), duration(7500), duration(7200)
    ('48 s', '4 min 12 s', '2 h 5 min', '2 h')
    >>> duration(252, rough=True), duration(48, rough=True)
    ('4 min', '48 s')
    """
    whole = round(seconds)
    if rough and whole >= 90:
        whole = 60 * round(whole / 60)
    if whole < 60:
        return f"{whole} s"
    larger, smaller, units = (whole // 60, whole % 60, ("min", "s"))
    if whole >= 3600:
        larger, smaller, units = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    return f"{larger} {units[0]} {smaller} {units[1]}" if smaller else f"{larger} {units[0]}"


def size(count: int) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> size(1_572_864), size(3_221_225_472)
    ('1.50 MiB', '3.00 GiB')
    """
    return f"{count / _GIB:,.2f} GiB" if count >= _GIB / 100 else f"{count / _MIB:,.2f} MiB"
