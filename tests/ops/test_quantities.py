"""Durations and sizes on the terminal."""

import pytest

from ops.quantities import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (252, "4 min 12 s"), (3599.7, "1 h"), (7500, "2 h 5 min"), (900, "15 min")],
)
def test_a_duration_is_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(6.4, "6 s"), (89, "1 min 29 s"), (90, "2 min"), (900, "15 min"), (9000, "2 h 30 min")]
)
def test_a_rough_duration_has_no_seconds_beside_minutes(seconds: float, text: str) -> None:
    assert duration(seconds, rough=True) == text
