import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import ROWS
from bench.results import merge
from bench.row import Row
from ops.facts.benchmark import _PARTS, benchmark_facts
from ops.facts.fact import FactsError
from ops.facts.measured import MEASURED, enter, read_measured
from ops.facts.origin import Origin

ORIGIN = Origin("abcdef12", "2026-11-27")
MACHINE: Mapping[str, Any] = {"cores": 2, "processor": "AMD EPYC", "system": "Linux x86_64"}
KNOWN = read_measured().facts


def results(folder: Path, *rows: Row) -> Path:
    """Write rows as the benchmark writes them."""
    for row in rows:
        merge(folder / "results.json", replace(row, machine=MACHINE), ROWS)
    return folder / "results.json"


def test_the_figures_of_a_row_become_facts_with_commit_day_and_machine(tmp_path: Path) -> None:
    row = Row("job-litert", "the job", images=100, seconds=10.0, featurize_seconds=5.0)

    facts = benchmark_facts(results(tmp_path, row), KNOWN, ORIGIN)

    assert {name: fact.value for name, fact in facts.items()} == {
        "bench.images": 100,
        "bench.seconds": 10.0,
        "bench.images_per_second": 10.0,
        "bench.featurize_seconds": 5.0,
    }
    fact = facts["bench.seconds"]
    assert (fact.unit, fact.commit, fact.date, fact.machine) == ("s", *ORIGIN, "2 cores, AMD EPYC, Linux x86_64")


def test_rows_over_the_same_photographs_are_compared(tmp_path: Path) -> None:
    job = Row("job-litert", "the job", images=100, seconds=10.0, featurize_seconds=5.0)
    limit = Row("engine-limit", "limit", images=100, seconds=4.0, featurize_seconds=4.0)

    same = benchmark_facts(results(tmp_path, limit, job), KNOWN, ORIGIN)
    other = benchmark_facts(results(tmp_path, replace(limit, images=99)), KNOWN, ORIGIN)

    assert same["bench.share_of_limit"].value == 0.8
    assert "bench.share_of_limit" not in other


def test_a_row_that_failed_changes_nothing(tmp_path: Path) -> None:
    assert benchmark_facts(results(tmp_path, Row("ray", "Ray Data", error="no wheel")), KNOWN, ORIGIN) == {}


def test_every_row_of_the_benchmark_has_facts_that_are_known() -> None:
    assert set(_PARTS) == set(ROWS)
    names = {f"bench.{begin}{name}" for begin, fields in _PARTS.values() for name in fields.values()}
    assert names - KNOWN.keys() == set()


@pytest.mark.parametrize("text", [None, "{", '[{"seconds": 3}]'])
def test_what_the_benchmark_has_not_written_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text)

    with pytest.raises(FactsError, match="make bench"):
        benchmark_facts(tmp_path / "results.json", KNOWN, ORIGIN)


def test_what_is_entered_takes_the_place_of_what_was_measured_before(tmp_path: Path) -> None:
    path = Path(shutil.copy(MEASURED, tmp_path))
    content = json.loads(path.read_text(encoding="utf-8"))
    content["code"]["fingerprints"]["bench/row.py"] = "old"
    path.write_text(json.dumps(content), encoding="utf-8")

    enter({"bench.seconds": replace(KNOWN["bench.seconds"], value=50.0)}, why="Measured again.", date="", path=path)

    measured = read_measured(path)
    assert measured.facts == {**KNOWN, "bench.seconds": replace(KNOWN["bench.seconds"], value=50.0)}
    assert measured.outdated() == []
