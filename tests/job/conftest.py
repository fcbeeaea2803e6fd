"""One Spark session for the tests that need no process of their own, and one run by spark-submit to look at."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.job.runs import Outcome, Results, Run, open_shared_session, submit
from tests.pictures import plant

PER_LABEL = 20


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    session = open_shared_session()
    yield session
    session.stop()


@pytest.fixture
def run(spark: SparkSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the job's own `main` in this process; it finds the shared session."""
    from job.main import main

    def run_job(images: object, output: object, *arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["main.py", "--images", str(images), "--output", str(output), *arguments])
        capsys.readouterr()
        code = main()
        said = capsys.readouterr()
        return Outcome.of(code, said.out, said.err)

    assert spark.getActiveSession() is not None
    return run_job


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results")


@dataclass(frozen=True)
class Finished:
    """A run by spark-submit, for tests that change nothing of it."""

    photographs: Path
    results: Results
    outcome: Outcome


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """60 photographs, in folders whose names are hard on URIs."""
    folder = tmp_path_factory.mktemp("finished")
    photographs, output = (
        folder / "photos #1, 100% é+",
        folder / "results #1 100% é+",
    )  # Spark itself cannot load from a path with a comma
    plant(photographs, PER_LABEL)
    return Finished(photographs, Results(output), submit(photographs, output, "--batch-size", "8"))
