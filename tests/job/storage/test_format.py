"""The number of the layout in an output: a newer program's results are refused, not misread."""

import json
import logging
from pathlib import Path

import pytest

from job import __version__
from job.errors import JobError
from job.storage.format import require_layout
from job.storage.layout import LAYOUT, LAYOUT_OBJECT
from job.storage.locations import Location
from job.storage.store import ResultStore


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(Location.parse(str(tmp_path)))


def test_a_new_output_is_marked_with_layout_and_program(store: ResultStore) -> None:
    require_layout(store)
    assert json.loads(store.get(LAYOUT_OBJECT)) == {"layout": LAYOUT, "program": __version__}


def test_an_output_of_this_layout_is_left_as_it_is(store: ResultStore) -> None:
    mark = json.dumps({"layout": LAYOUT, "program": "0.0.9"}).encode()
    store.put(LAYOUT_OBJECT, mark)
    require_layout(store)
    assert store.get(LAYOUT_OBJECT) == mark


def test_results_of_a_newer_layout_are_refused_by_name_and_not_touched(store: ResultStore) -> None:
    mark = json.dumps({"layout": LAYOUT + 1, "program": "9.0.0"}).encode()
    store.put(LAYOUT_OBJECT, mark)
    with pytest.raises(JobError) as refused:
        require_layout(store)
    for part in (f"{store.output.uri} holds results of layout {LAYOUT + 1}", LAYOUT_OBJECT, "give another --output"):
        assert part in str(refused.value)
    assert store.get(LAYOUT_OBJECT) == mark


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{", b"[]", b"{}", b'{"layout": null}', b'{"layout": 1e999}', b"[" * 100_000]
)
def test_a_mark_that_cannot_be_read_is_told_and_written_anew(
    store: ResultStore, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.put(LAYOUT_OBJECT, content)
    with caplog.at_level(logging.WARNING):
        require_layout(store)
    assert f"{LAYOUT_OBJECT} is damaged" in caplog.text
    assert json.loads(store.get(LAYOUT_OBJECT))["layout"] == LAYOUT
