"""Which results a run deletes at its end, and which it leaves to another run that is at work."""

import os
import time
from pathlib import Path

import pytest

from job.storage.layout import EXPORTS, PROJECTIONS, RunFolder
from job.storage.locations import Location
from job.storage.store import ResultStore
from job.storage.superseded import ABANDONED, Superseded

OURS, OTHER = "1" * 16, "2" * 16
NAME = f"{'a' * 32}-5"


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(Location.parse(str(tmp_path / "results")))


def project(store: ResultStore, run: str) -> set[str]:
    paths = {f"{PROJECTIONS.partition(run)}/{NAME}.parquet", f"{EXPORTS.partition(run)}/{NAME}.csv"}
    for path in paths:
        store.put(path, b"projections")
    return paths


def end(store: ResultStore, run: str) -> None:
    store.put(RunFolder(run).manifest, b"{}")


def age(store: ResultStore, path: str) -> None:
    then = time.time() - 1.01 * ABANDONED.total_seconds()
    os.utime(Path(store.output.path, path), (then, then))


def left(store: ResultStore) -> set[str]:
    return {*store.paths(PROJECTIONS.name), *store.paths(EXPORTS.name)}


def test_projections_of_a_run_that_has_ended_are_deleted(store: ResultStore) -> None:
    project(store, OTHER)
    end(store, OTHER)
    superseded = Superseded.of(store, OURS)
    ours = project(store, OURS)
    superseded.delete(store)
    assert left(store) == ours


def test_projections_of_a_run_at_work_stay_though_it_ends_first(store: ResultStore) -> None:
    others = project(store, OTHER)
    superseded = Superseded.of(store, OURS)
    end(store, OTHER)
    superseded.delete(store)
    assert left(store) == others


def test_projections_of_a_run_that_begins_and_ends_meanwhile_stay(store: ResultStore) -> None:
    superseded = Superseded.of(store, OURS)
    others = project(store, OTHER)
    end(store, OTHER)
    superseded.delete(store)
    assert left(store) == others


def test_projections_that_a_run_writes_again_meanwhile_stay(store: ResultStore) -> None:
    project(store, OTHER)
    end(store, OTHER)
    superseded = Superseded.of(store, OURS)
    others = project(store, OTHER)
    superseded.delete(store)
    assert left(store) == others


def test_projections_of_a_run_that_was_killed_long_ago_are_deleted(store: ResultStore) -> None:
    for path in project(store, OTHER):
        age(store, path)
    Superseded.of(store, OURS).delete(store)
    assert left(store) == set()


def test_projections_of_ours_that_are_not_written_again_are_deleted(store: ResultStore) -> None:
    project(store, OURS)
    store.put(f"{PROJECTIONS.partition(OURS)}/{'b' * 32}-7.parquet", b"of another division into batches")
    superseded = Superseded.of(store, OURS)
    ours = project(store, OURS)
    superseded.delete(store)
    assert left(store) == ours


def test_the_plan_of_a_run_that_was_killed_long_ago_is_deleted_and_that_of_a_run_at_work_is_not(
    store: ResultStore,
) -> None:
    for run in (OURS, OTHER):
        store.put(RunFolder(run).plan, b"plan")
    age(store, RunFolder(OTHER).plan)
    Superseded.of(store, "3" * 16).delete(store)
    assert store.paths("reports") == [RunFolder(OURS).plan]
