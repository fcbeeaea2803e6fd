"""Which photographs a trial takes, and where its results go."""

from collections import Counter

import pyarrow as pa
import pytest

from job.errors import JobError
from job.storage.listing import LISTING_SCHEMA
from job.storage.trial import Trial


def _listing(**counts: int) -> pa.Table:
    rows = [
        {"path": f"{label}/{number:03}.jpg", "label": label, "bytes": 1, "etag": "v"}
        for label, count in sorted(counts.items())
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=LISTING_SCHEMA)


def _trial(limit: int | None = None, *labels: str) -> Trial:
    trial = Trial.of(limit, labels)
    assert trial is not None
    return trial


def test_without_a_limit_and_labels_there_is_no_trial() -> None:
    assert Trial.of(None, []) is None


def test_a_limit_takes_as_many_of_each_label_as_there_are() -> None:
    chosen = _trial(11).choose(_listing(Fig=2, Kiwi=40, Plum=40))
    counts = Counter(chosen["label"].to_pylist())
    assert (counts["Fig"], counts.total()) == (2, 11)
    assert abs(counts["Kiwi"] - counts["Plum"]) <= 1


def test_a_larger_limit_adds_to_a_smaller_one_and_the_order_is_that_of_paths() -> None:
    listing = _listing(Fig=20, Kiwi=20)
    few, more = (_trial(limit).choose(listing)["path"].to_pylist() for limit in (5, 9))
    assert set(few) < set(more)
    assert more == sorted(more)


def test_a_trial_does_not_take_the_first_of_a_label_alone() -> None:
    chosen = _trial(5).choose(_listing(Fig=100))["path"].to_pylist()
    assert chosen != [f"Fig/{number:03}.jpg" for number in range(5)]


def test_a_limit_above_all_takes_all() -> None:
    listing = _listing(Fig=3)
    assert _trial(4).choose(listing).equals(listing)


def test_labels_take_their_photographs_alone() -> None:
    chosen = _trial(None, "Fig, Plum").choose(_listing(Fig=2, Kiwi=4, Plum=3))
    assert Counter(chosen["label"].to_pylist()) == {"Fig": 2, "Plum": 3}


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        ("Kiwi,Figg", r"^--label Figg: no photograph has this label .*; did you mean 'Fig'\?$"),
        ("Durian", r"^--label Durian: .*; there are: Fig, Kiwi$"),
    ],
)
def test_a_label_that_is_not_there_is_named_with_those_that_are(label: str, complaint: str) -> None:
    with pytest.raises(JobError, match=complaint):
        _trial(None, label).choose(_listing(Fig=1, Kiwi=1))


def test_an_empty_label_is_refused() -> None:
    with pytest.raises(JobError, match="--label Fig,,Kiwi: an empty label"):
        Trial.of(None, ["Fig,,Kiwi"])


def test_the_same_trial_has_the_same_results_however_it_is_written() -> None:
    composed, decomposed = "P\u00eache", "Pe\u0302che"
    same = [_trial(9, f"Fig,{composed}"), _trial(9, decomposed, "Fig")]
    assert same[0] == same[1]
    others = {_trial(9).results, _trial(8).results, _trial(None, "Fig").results, _trial(9, "Fig").results}
    assert len({*others, same[0].results}) == 5


def test_its_arguments_ask_for_it_again() -> None:
    trial = _trial(9, "Kiwi", "Apple Red 1")
    assert trial.options == ("--limit", "9", "--label", "Apple Red 1,Kiwi")
