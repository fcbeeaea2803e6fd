"""The record of a run: written at its beginning and at its end, whatever its end is."""

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from job.arguments import Arguments, parse_arguments
from job.errors import JobError
from job.record import recorded

MANIFEST: dict[str, Any] = {
    "run": "0123456789abcdef",
    "counts": {"images": 4, "computed": 4},
    "pca": {"components": 2, "explained": 0.9},
    "seconds": {"pca": 1.0, "total": 2.0},
    "memory": {"driver_bytes": 1},
}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def _arguments(output: Path) -> Arguments:
    return parse_arguments(["--images", "/photographs", "--output", str(output), "--run-label", "blue"])


def _records(output: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((output / "runs").glob("*.json"))]


def test_a_run_that_goes_on_has_a_record_without_an_end(output: Path) -> None:
    def run() -> dict[str, Any]:
        (record,) = _records(output)
        assert (record["state"], record["label"], "ended" in record) == ("running", "blue", False)
        return MANIFEST

    recorded(_arguments(output), run)


def test_what_a_run_did_is_in_its_record(output: Path) -> None:
    assert recorded(_arguments(output), lambda: MANIFEST) == MANIFEST
    (record,) = _records(output)
    assert (record["state"], record["run"], record["counts"]["computed"]) == ("completed", MANIFEST["run"], 4)
    assert record["ended"] >= record["began"]
    assert "memory" not in record


def test_a_run_that_had_nothing_to_do_is_told_from_one_that_computed(output: Path) -> None:
    recorded(_arguments(output), lambda: {**MANIFEST, "seconds": {"total": 0.1}})
    recorded(_arguments(output), lambda: MANIFEST)
    assert sorted(record["state"] for record in _records(output)) == ["completed", "unchanged"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(JobError("no photograph"), "no photograph"), (ValueError("red"), "ValueError: red"), (KeyError(), "KeyError")],
)
def test_a_run_that_failed_says_why_and_the_error_goes_on(error: Exception, said: str, output: Path) -> None:
    def run() -> NoReturn:
        raise error

    with pytest.raises(type(error)):
        recorded(_arguments(output), run)
    (record,) = _records(output)
    assert (record["state"], record["error"]) == ("failed", said)


def test_a_run_that_is_refused_makes_no_folder_for_its_record(tmp_path: Path) -> None:
    def run() -> NoReturn:
        raise JobError("no such folder")

    with pytest.raises(JobError):
        recorded(_arguments(tmp_path / "nowhere"), run)
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_cannot_be_written_fails_no_run(output: Path) -> None:
    (output / "runs").write_text("a file where the folder should be")
    assert recorded(_arguments(output), lambda: MANIFEST) == MANIFEST
