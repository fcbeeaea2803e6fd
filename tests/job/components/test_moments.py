"""Moments in integers: exact, in any order, and safe where floating point cancels."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from job.components.moments import LARGEST_FEATURE, Moments
from job.features.engines import GRID, to_grid


def on_grid(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return to_grid(np.clip(values, 0, 6).astype(np.float32))


@pytest.fixture
def features() -> NDArray[np.float32]:
    return on_grid(np.random.default_rng(1).gamma(0.5, 1.0, (5000, 12)))


def equal(one: Moments, other: Moments) -> bool:
    return one.count == other.count and bool(
        (one.totals == other.totals).all() and (one.products == other.products).all()
    )


def exact_covariance(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sample covariance in fractions, rounded once at the end."""
    rows = [[Fraction(float(value)) for value in row] for row in features]
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    centred = [[value - mean for value, mean in zip(row, means, strict=True)] for row in rows]
    dimension = range(len(means))
    return np.array(
        [[float(sum(row[i] * row[j] for row in centred) / (len(rows) - 1)) for j in dimension] for i in dimension]
    )


def test_sums_are_those_of_python_integers(features: NDArray[np.float32]) -> None:
    moments = Moments.of(features)
    units = [[int(float(value) / GRID) for value in row] for row in features]
    columns = list(zip(*units, strict=True))
    assert moments.count == len(units)
    assert moments.totals.tolist() == [sum(column) for column in columns]
    for i, j in [(0, 0), (3, 7), (7, 3), (11, 11)]:
        assert int(moments.products[i, j]) == sum(a * b for a, b in zip(columns[i], columns[j], strict=True))


def test_mean_and_covariance_are_those_of_fractions() -> None:
    features = on_grid(np.random.default_rng(2).gamma(0.5, 1.0, (60, 5)))
    moments = Moments.of(features)
    means = [float(sum(map(Fraction, map(float, column))) / 60) for column in features.T]
    np.testing.assert_allclose(moments.mean(), means, rtol=1e-15)
    np.testing.assert_allclose(moments.covariance(), exact_covariance(features), rtol=1e-14, atol=1e-18)


def test_the_covariance_is_symmetric_to_the_bit(features: NDArray[np.float32]) -> None:
    covariance = Moments.of(features).covariance()
    assert (covariance == covariance.T).all()


def test_the_order_of_merging_does_not_matter_to_the_bit(features: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(3)
    whole = Moments.of(features)
    for _ in range(5):
        bounds = np.sort(rng.integers(0, len(features), 9))
        parts = [Moments.of(part) for part in np.split(features[rng.permutation(len(features))], bounds)]
        merged = Moments.empty(12)
        for number in rng.permutation(len(parts)):
            merged = parts[number] + merged if rng.random() < 0.5 else merged + parts[number]
        assert equal(merged, whole)
        assert (merged.covariance() == whole.covariance()).all()


@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-3, 5 * GRID])
def test_a_tiny_variance_around_a_large_mean_survives(spread: float) -> None:
    features = on_grid(np.random.default_rng(4).normal(5, spread, (20_000, 4)))
    wide = features.astype(np.longdouble)
    centred = wide - wide.mean(axis=0)
    expected = (centred.T @ centred / (len(features) - 1)).astype(np.float64)
    assert (expected.diagonal() > 0).all()
    np.testing.assert_allclose(Moments.of(features).covariance(), expected, rtol=1e-11, atol=1e-13 * expected.max())


def test_one_bit_of_difference_is_seen() -> None:
    features = np.full((1000, 2), 5, np.float32)
    features[0, 0] += np.float32(GRID)
    assert Moments.of(features).covariance()[0, 0] == pytest.approx(GRID**2 / 1000, rel=1e-12)
    assert Moments.of(features).covariance()[1, 1] == 0


def test_constant_features_have_no_variance_at_all() -> None:
    features = np.tile(on_grid(np.random.default_rng(5).uniform(0, 6, (1, 8))), (777, 1))
    assert not Moments.of(features).covariance().any()


def test_products_that_wrap_around_64_bits_come_right_again() -> None:
    # 2**27 rows of 5: the raw products, 2**27 * (5 * 2**16)**2 > 2**63, wrap; the centred ones do not.
    half = Moments.of(on_grid(np.random.default_rng(6).normal(5, 0.1, (4096, 3))))
    total = half
    for _ in range(15):
        total += total
    assert total.count == 2**27
    assert int(half.products[0, 0]) * 2**15 > 2**63
    expected = half.covariance() * (half.count - 1) / half.count * (total.count / (total.count - 1))
    np.testing.assert_allclose(total.covariance(), expected, rtol=1e-9)


@pytest.mark.parametrize("value", [GRID / 2, 0.1, 1 + GRID / 4])
def test_a_feature_off_the_grid_is_refused(value: float) -> None:
    features = np.ones((10, 3), np.float32)
    features[7, 1] = value
    with pytest.raises(ValueError, match=r"must be multiples of .* round them with to_grid"):
        Moments.of(features)


@pytest.mark.parametrize("value", [LARGEST_FEATURE, -LARGEST_FEATURE, 1e6, np.inf, -np.inf, np.nan])
def test_a_feature_out_of_range_is_refused(value: float) -> None:
    features = np.ones((5000, 3), np.float32)
    features[4999, 2] = value
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="must be multiples"):
        Moments.of(features)


def test_the_largest_features_of_the_backbone_are_taken() -> None:
    features = np.full((5000, 3), LARGEST_FEATURE - GRID, np.float32)
    assert Moments.of(features).products[0, 0] == 5000 * round((LARGEST_FEATURE - GRID) / GRID) ** 2


def test_packing_and_unpacking_changes_nothing(features: NDArray[np.float32]) -> None:
    moments = Moments.of(features)
    assert equal(Moments.from_bytes(*moments.to_bytes()), moments)


def test_the_moments_of_no_rows_change_nothing(features: NDArray[np.float32]) -> None:
    moments = Moments.of(features)
    assert equal(moments + Moments.empty(12), moments)
    assert equal(Moments.of(features[:0]), Moments.empty(12))


def test_rounding_to_the_grid_moves_a_feature_by_half_a_step_at_most() -> None:
    values = np.random.default_rng(7).uniform(0, 6, 10_000).astype(np.float32)
    rounded = to_grid(values)
    assert rounded.dtype == np.float32
    assert (np.rint(rounded.astype(np.float64) / GRID) == rounded.astype(np.float64) / GRID).all()
    assert np.abs(rounded.astype(np.float64) - values).max() <= GRID / 2
    assert (to_grid(rounded) == rounded).all()
