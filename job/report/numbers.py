"""Numbers as the report writes them."""

import math

BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def thousands(value: int) -> str:
    """Return a count with a comma between each three digits.

    >>> thousands(10500)
    '10,500'
    """
    return f"{value:,}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 0 to 1 in percent.

    >>> percent(0.96), percent(0.9512, 2)
    ('96.0%', '95.12%')
    """
    return f"{share:.{digits}%}"


def bytes_of(size: int | None) -> str:
    """Return a size in the largest decimal unit that it reaches; 0 B where it is not known.

    >>> bytes_of(999), bytes_of(1_234_567)
    ('999 B', '1.2 MB')
    """
    power = min(int(math.log10(max(size or 0, 1)) // 3), len(BYTE_UNITS) - 1)
    return f"{(size or 0) / 1000**power:,.{1 if power else 0}f} {BYTE_UNITS[power]}"


def duration(seconds: float) -> str:
    """Return seconds in the units in which people would say them.

    >>> duration(60.54), duration(125), duration(7260)
    ('60.5 s', '2 min 05 s', '2 h 01 min')
    """
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
