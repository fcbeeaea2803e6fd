"""A run under the locales that steps and cron jobs have, and in the shell of somebody who works with another Spark."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.local.spark_submit import Submission, environment
from ops.local.spark_submit import submit as submit_locally
from tests.job.runs import Outcome, Results, submit
from tests.pictures import jpeg

pytestmark = pytest.mark.spark

SPLITS = ("--train-folder", "Entraînement", "--test-folder", "Épreuve")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for number in range(12):
        split = "Épreuve" if number % 3 == 0 else "Entraînement"
        file = tmp_path / "pêches" / split / ("Pêche" if number % 2 else "Framboise") / f"{number} é.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(number))
    return tmp_path / "pêches"


def assert_as_meant(outcome: Outcome, photographs: Path, output: Path) -> None:
    assert outcome.counts["features"] == 12
    assert outcome.manifest["images"]["root"] == f"file://{photographs}"
    assert outcome.manifest["splits"] == {"train": 8, "test": 4, "validation": 0, "by_hash": 0, "by": "folder"}
    results = Results(output)
    assert set(results.table("features")["label"].to_pylist()) == {"Pêche", "Framboise"}
    for kind in ("features", "projections", "pca", "reports"):
        assert results.files(kind)
    assert sorted(path.name for path in output.parent.iterdir()) == [photographs.name, output.name]
    report = next(output.glob("reports/*/report.html")).read_text(encoding="utf-8")
    assert "Pêche" in report


def test_accents_are_as_under_utf_8_in_the_locale_of_steps(photographs: Path, tmp_path: Path) -> None:
    output = tmp_path / "résultats"
    outcome = submit(photographs, output, *SPLITS, variables={"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": ""})
    assert_as_meant(outcome, photographs, output)


def foreign(folder: Path) -> Mapping[str, str]:
    """Return what somebody has set for another Spark, Hadoop, Java and Python."""
    (folder / "spark-defaults.conf").write_text("spark.master yarn\nspark.jars /nowhere.jar\n")
    (folder / "pyspark.py").write_text("raise SystemExit('the wrong pyspark')\n")
    (folder / "json.py").write_text("raise SystemExit('the wrong json')\n")
    return {
        "SPARK_HOME": "/opt/spark",
        "SPARK_CONF_DIR": str(folder),
        "SPARK_SUBMIT_OPTS": "-Xmx1k",
        "SPARK_DIST_CLASSPATH": "/opt/other/*",
        "PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell",
        "PYSPARK_PYTHON": "/usr/bin/false",
        "PYSPARK_DRIVER_PYTHON": "jupyter",
        "HADOOP_HOME": "/opt/hadoop",
        "HADOOP_CONF_DIR": str(folder),
        "YARN_CONF_DIR": str(folder),
        "JAVA_HOME": "/opt/java-8",
        "JAVA_TOOL_OPTIONS": "-Xmx1k",
        "_JAVA_OPTIONS": "-Xmx1k",
        "JDK_JAVA_OPTIONS": "-Xmx1k",
        "CLASSPATH": "/opt/other.jar",
        "PYTHONPATH": str(folder),
        "PYTHONHOME": "/opt/python2",
        "PYTHONIOENCODING": "latin-1",
    }


def test_a_run_does_not_depend_on_what_the_caller_has_set_for_others(
    photographs: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in foreign(tmp_path_factory.mktemp("foreign")).items():
        monkeypatch.setenv(name, value)
    for name in ("LANG", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    output = tmp_path / "résultats"
    manifest = submit_locally(
        Submission(("--images", str(photographs), "--output", str(output), *SPLITS), master="local[2]"),
        progress=lambda _done, _all: None,
        log=lambda _line: None,
    )
    assert_as_meant(Outcome(0, manifest, ""), photographs, output)


def test_an_argument_that_the_locale_has_spoilt_is_refused(photographs: Path, tmp_path: Path) -> None:
    *command, _, _ = Submission(("--images", "")).command()
    command += ["--images", str(photographs), "--output", str(tmp_path / "résultats")]  # as it is typed
    variables = {**environment(), "LC_ALL": "C"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "has lost letters on its way here" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [photographs]
