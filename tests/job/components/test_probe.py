import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from job.components.probe import LinearProbe, ProbeScore, ProbeStatistics, score_probe


def clouds(*, centre: float = 0.0, seed: int = 0) -> tuple[NDArray[np.float64], list[str]]:
    """Draw three overlapping clouds in five dimensions of very different widths."""
    generator = np.random.default_rng(seed)
    labels = ["fig"] * 40 + ["kiwi"] * 60 + ["plum"] * 50
    means = {"fig": 0.0, "kiwi": 1.5, "plum": 3.0}
    rows = generator.standard_normal((150, 5)) + np.array([means[label] for label in labels])[:, None]
    return centre + rows * np.array([1.0, 10.0, 0.1, 3.0, 100.0]), labels


def fit_probe(
    rows: NDArray[np.float64], labels: Sequence[str] | NDArray[np.str_], *, ridge: float = 1.0
) -> LinearProbe:
    """Fit a probe on one batch."""
    statistics = ProbeStatistics(rows.shape[-1])
    statistics.add(rows, labels)
    return statistics.solve(ridge=ridge)


def test_the_probe_solves_the_normal_equations_of_ridge_regression() -> None:
    rows, labels = clouds()
    probe = fit_probe(rows, labels, ridge=2.5)
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    targets = np.array([[label == name for name in probe.labels] for label in labels], dtype=float)
    # Ridge is least squares on data with sqrt(ridge) I appended below, and zeros as its targets.
    augmented = np.vstack([standardised, np.sqrt(2.5) * np.eye(5)])
    centred = np.vstack([targets - targets.mean(axis=0), np.zeros((5, 3))])
    expected = np.linalg.lstsq(augmented, centred, rcond=None)[0]
    np.testing.assert_allclose(probe.weights * rows.std(axis=0)[:, None], expected, atol=1e-12)
    np.testing.assert_allclose(
        rows @ probe.weights + probe.bias, standardised @ expected + targets.mean(axis=0), atol=1e-12
    )


@pytest.mark.parametrize("centre", [0.0, 1e6])
def test_batches_in_any_cut_give_the_fit_of_the_whole(centre: float) -> None:
    rows, labels = clouds(centre=centre)
    whole = fit_probe(rows, labels)
    halves = [ProbeStatistics(5), ProbeStatistics(5)]
    for position, part in enumerate(np.array_split(np.arange(150), [1, 20, 21, 90])):
        halves[position % 2].add(rows[part], [labels[row] for row in part])
    halves[0].merge(halves[1])
    probe = halves[0].solve()
    assert probe.labels == whole.labels
    np.testing.assert_allclose(probe.weights, whole.weights, rtol=1e-6, atol=1e-9)
    assert probe.predict(rows) == whole.predict(rows)


def test_an_empty_batch_changes_nothing() -> None:
    rows, labels = clouds()
    statistics = ProbeStatistics(5)
    statistics.add(rows[:0], [])
    statistics.add(rows, labels)
    statistics.merge(ProbeStatistics(5))
    np.testing.assert_array_equal(statistics.solve().weights, fit_probe(rows, labels).weights)


def test_statistics_survive_the_way_from_a_worker_to_the_driver() -> None:
    rows, labels = clouds()
    statistics = ProbeStatistics(5)
    statistics.add(rows, labels)
    copied = pickle.loads(pickle.dumps(statistics))
    np.testing.assert_array_equal(copied.solve().weights, statistics.solve().weights)


def test_the_scale_of_a_component_does_not_matter() -> None:
    rows, labels = clouds()
    scaled = rows * np.array([1e-3, 1.0, 1e4, 7.0, 1.0])
    assert fit_probe(rows, labels).predict(rows) == fit_probe(scaled, labels).predict(scaled)


def test_a_constant_component_is_ignored() -> None:
    rows, labels = clouds()
    constant = np.hstack([rows, np.full((150, 1), 0.1)])
    probe = fit_probe(constant, labels)
    np.testing.assert_array_equal(probe.weights[5], 0.0)
    np.testing.assert_allclose(probe.weights[:5], fit_probe(rows, labels).weights, rtol=1e-9)


def test_labels_far_apart_are_all_told_apart() -> None:
    rows = np.repeat(np.eye(3) * 10, 4, axis=0) + np.linspace(0, 0.5, 36).reshape(12, 3)
    labels = np.repeat(["apple", "kiwi", "🍒 cherry"], 4)
    assert fit_probe(rows, labels).predict(rows) == labels.tolist()


@pytest.mark.parametrize(("labels", "named"), [([], "given 0 \\(none\\)"), (["kaki", "kaki"], "given 1 \\(kaki\\)")])
def test_fewer_than_two_labels_are_refused(labels: list[str], named: str) -> None:
    statistics = ProbeStatistics(2)
    statistics.add(np.ones((len(labels), 2)), labels)
    with pytest.raises(ValueError, match=named):
        statistics.solve()


@pytest.mark.parametrize("ridge", [0.0, -1.0, float("nan"), float("inf")])
def test_a_ridge_that_is_not_positive_is_refused(ridge: float) -> None:
    rows, labels = clouds()
    with pytest.raises(ValueError, match="ridge is"):
        fit_probe(rows, labels, ridge=ridge)


def test_a_value_that_is_not_finite_is_refused_with_its_row() -> None:
    rows, labels = clouds()
    rows[7, 2] = np.nan
    with pytest.raises(ValueError, match="row 7"):
        fit_probe(rows, labels)


def test_projections_of_another_length_are_refused() -> None:
    rows, labels = clouds()
    with pytest.raises(ValueError, match="expected \\(n, 5\\)"):
        fit_probe(rows, labels).predict(rows[:, :4])
    with pytest.raises(ValueError, match="4 components into statistics of 5"):
        ProbeStatistics(5).merge(_seen(4))


def test_a_row_without_a_label_is_refused() -> None:
    rows, labels = clouds()
    with pytest.raises(ValueError, match="150 projections came with 149 labels"):
        fit_probe(rows, labels[1:])
    with pytest.raises(ValueError, match="150 projections came with 149 labels"):
        score_probe(fit_probe(rows, labels), rows, labels[1:])


def test_a_label_that_only_the_test_split_has_counts_as_wrong_and_is_named() -> None:
    probe = LinearProbe(("fig", "kiwi"), np.eye(2), np.zeros(2))
    score = score_probe(probe, np.array([[1.0, 0], [0, 1], [0, 1]]), ["fig", "kiwi", "plum"])
    assert score.unseen == {"plum"}
    assert score.accuracy == pytest.approx(2 / 3)
    assert score.per_label == {"fig": (1, 1), "kiwi": (1, 1), "plum": (0, 1)}
    assert score.confusions == [("plum", "kiwi", 1)]


def test_confusions_are_sorted_by_count_and_then_by_label() -> None:
    score = ProbeScore({("b", "a"): 2, ("a", "b"): 2, ("a", "a"): 9, ("c", "a"): 3})
    assert score.confusions == [("c", "a", 3), ("a", "b", 2), ("b", "a", 2)]


def test_scores_of_batches_add_up_to_the_score_of_the_whole() -> None:
    rows, labels = clouds()
    probe = fit_probe(rows[::2], labels[::2])
    whole = score_probe(probe, rows, labels)
    parts = score_probe(probe, rows[:50], labels[:50]).merge(score_probe(probe, rows[50:], labels[50:]))
    assert parts.per_label == whole.per_label
    assert parts.confusions == whole.confusions
    assert whole.total == 150
    assert 0.5 < whole.accuracy < 1.0


def test_the_accuracy_of_nothing_is_not_a_number() -> None:
    assert np.isnan(ProbeScore({}).accuracy)


def _seen(components: int) -> ProbeStatistics:
    statistics = ProbeStatistics(components)
    statistics.add(np.ones((1, components)), ["fig"])
    return statistics
