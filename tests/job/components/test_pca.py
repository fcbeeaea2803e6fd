"""Principal components: equal to NumPy's, deterministic, and clear where there are none."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from job import SINGLE_THREADED
from job.components.moments import Moments
from job.components.pca import fit
from job.errors import JobError
from job.features.engines import to_grid


def draw(photographs: int, dimension: int, seed: int = 1) -> NDArray[np.float32]:
    """Features with a few strong directions and noise, as the backbone gives them: in [0, 6], on the grid."""
    rng = np.random.default_rng(seed)
    strong = rng.normal(0, 1, (photographs, 5)) @ rng.normal(0, 1, (5, dimension))
    values = np.clip(1.5 + 0.4 * strong + rng.normal(0, 0.1, strong.shape), 0, 6)
    return to_grid(values.astype(np.float32))


@pytest.fixture(scope="module")
def features() -> NDArray[np.float32]:
    return draw(500, 40)


def test_components_and_variances_are_those_of_numpys_svd(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), components=40)
    wide = features.astype(np.float64)
    _, singular, rows = np.linalg.svd(wide - wide.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(model.explained, singular**2 / (singular**2).sum(), rtol=1e-9, atol=1e-14)
    assert np.abs(np.sum(model.components * rows, axis=1)) == pytest.approx(np.ones(40), abs=1e-9)
    np.testing.assert_allclose(model.mean, wide.mean(axis=0), rtol=1e-14)
    assert model.count == 500


def test_components_are_orthonormal(features: NDArray[np.float32]) -> None:
    components = fit(Moments.of(features), components=25).components
    np.testing.assert_allclose(components @ components.T, np.eye(25), atol=1e-12)


def test_the_shares_of_all_components_sum_to_one_and_fall(features: NDArray[np.float32]) -> None:
    explained = fit(Moments.of(features), components=1).explained
    assert explained.shape == (40,)
    assert explained.sum() == pytest.approx(1, abs=1e-12)
    assert (np.diff(explained) <= 0).all()
    assert (explained >= 0).all()


def test_the_entry_largest_in_size_is_positive_in_every_component(features: NDArray[np.float32]) -> None:
    components = fit(Moments.of(features), components=40).components
    assert (components[np.arange(40), np.abs(components).argmax(axis=1)] > 0).all()


def test_the_order_of_photographs_changes_no_bit_of_the_model(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), variance=0.9)
    shuffled = features[np.random.default_rng(2).permutation(500)]
    other = fit(Moments.of(shuffled[:123]) + Moments.of(shuffled[123:]), variance=0.9)
    assert model.to_npz() == other.to_npz()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 0.95, 0.999])
def test_the_fewest_components_that_hold_the_share_are_kept(features: NDArray[np.float32], share: float) -> None:
    model = fit(Moments.of(features), variance=share)
    kept = len(model.components)
    assert model.explained[:kept].sum() >= share
    assert kept == 1 or model.explained[: kept - 1].sum() < share


def test_a_share_that_is_reached_exactly_needs_no_component_more(features: NDArray[np.float32]) -> None:
    explained = fit(Moments.of(features), components=1).explained
    assert len(fit(Moments.of(features), variance=float(np.cumsum(explained)[6])).components) == 7


def test_the_whole_variance_is_kept_when_asked_for(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), variance=1.0)
    assert model.explained[: len(model.components)].sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("components", [1, 7, 40])
def test_as_many_components_as_asked_for_are_kept(features: NDArray[np.float32], components: int) -> None:
    model = fit(Moments.of(features), components=components)
    assert model.components.shape == (components, 40)
    assert model.components.flags.c_contiguous


@pytest.mark.parametrize("photographs", [2, 3, 10])
def test_fewer_photographs_than_features_give_one_component_less_than_photographs(photographs: int) -> None:
    moments = Moments.of(draw(photographs, 40))
    model = fit(moments, variance=1.0)
    assert len(model.components) <= photographs - 1
    assert model.explained[: photographs - 1].sum() == pytest.approx(1, abs=1e-12)
    assert len(fit(moments, components=photographs - 1).components) == photographs - 1
    with pytest.raises(JobError, match=rf"--components {photographs} is out of range: {photographs} photographs"):
        fit(moments, components=photographs)


@pytest.mark.parametrize("photographs", [0, 1])
def test_too_few_photographs_are_refused(photographs: int) -> None:
    with pytest.raises(JobError, match=rf"at least 2 usable photographs, found {photographs}; add photographs"):
        fit(Moments.of(draw(2, 40)[:photographs]), variance=0.95)


def test_photographs_that_are_all_alike_are_refused() -> None:
    alike = np.repeat(draw(2, 40)[:1], 30, axis=0)
    with pytest.raises(JobError, match=r"all 30 photographs have the same features.*; add different photographs"):
        fit(Moments.of(alike), variance=0.95)


def test_more_components_than_features_are_refused(features: NDArray[np.float32]) -> None:
    with pytest.raises(JobError, match=r"--components 41 is out of range: 500 photographs of 40 features give 1 to 40"):
        fit(Moments.of(features), components=41)


def test_features_that_are_zero_everywhere_change_nothing(features: NDArray[np.float32]) -> None:
    wider = np.concatenate([features, np.zeros((500, 3), np.float32)], axis=1)
    model, other = (fit(Moments.of(table), components=5) for table in (features, wider))
    np.testing.assert_allclose(other.components[:, :40], model.components, atol=1e-10)
    assert not np.abs(other.components[:, 40:]).max() > 1e-12


# ---- projection


def test_scores_are_the_centred_features_times_the_components(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), components=6)
    scores = model.project(features)
    expected = (features.astype(np.float64) - features.astype(np.float64).mean(axis=0)) @ model.components.T
    assert scores.shape == (500, 6)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_scores_are_uncorrelated_with_the_variances_of_the_components(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), components=6)
    covariance = np.cov(model.project(features).astype(np.float64).T)
    total = np.trace(Moments.of(features).covariance())
    np.testing.assert_allclose(covariance, np.diag(model.explained[:6] * total), atol=1e-6 * total)


def test_the_projection_of_a_row_does_not_depend_on_its_neighbours() -> None:
    features = draw(600, 1280)
    model = fit(Moments.of(features), components=50)
    whole = model.project(features)
    for rows in (1, 2, 3, 100, 255, 256, 257, 512, 513):
        assert (model.project(features[-rows:]) == whole[-rows:]).all(), rows


def test_no_rows_give_no_scores(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), components=6)
    assert model.project(features[:0]).shape == (0, 6)


def test_a_model_is_written_without_loss_in_arrays_that_numpy_reads(features: NDArray[np.float32]) -> None:
    model = fit(Moments.of(features), variance=0.9)
    with np.load(io.BytesIO(model.to_npz())) as arrays:
        assert set(arrays) == {"mean", "components", "explained", "count"}
        for name in arrays:
            assert (arrays[name] == getattr(model, name)).all()


@pytest.mark.slow
def test_the_model_is_the_same_to_the_bit_on_any_number_of_cores() -> None:
    script = """
import hashlib, os, sys
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(sys.argv[1])]))
from job.components.moments import Moments
from job.components.pca import fit
from tests.job.components.test_pca import draw
print(hashlib.sha256(fit(Moments.of(draw(300, 1280)), components=100).to_npz()).hexdigest())
"""
    alone = {name: value for name, value in os.environ.items() if name not in SINGLE_THREADED}
    cores = len(os.sched_getaffinity(0))
    if cores == 1:
        pytest.skip("one core has nothing to differ from")
    models = {
        subprocess.run(
            [sys.executable, "-c", script, str(number)],
            env=alone,
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (1, cores)
    }
    assert len(models) == 1
