"""Executors in processes of their own: the backbone is broadcast to them, and the code is that of the archive."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.job.conftest import Finished
from tests.job.runs import Results, submit

pytestmark = [pytest.mark.spark, pytest.mark.long]

# The package is installed in this environment by a finder that points to the working copy, which no node has.
NO_WORKING_COPY = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")]
"""


@pytest.fixture
def node_path(tmp_path: Path) -> str:
    """A `PYTHONPATH` under which Python does not find the working copy of the job."""
    (tmp_path / "sitecustomize.py").write_text(NO_WORKING_COPY)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import job"]
    imported = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "No module named 'job'" in imported.stderr
    return str(tmp_path)


def test_executors_in_other_processes_give_the_same_bytes(finished: Finished, node_path: str, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    outcome = submit(
        finished.photographs,
        results.folder,
        *("--batch-size", "8"),
        master="local-cluster[2,1,1024]",
        python_path=node_path,
    )
    assert outcome.counts == finished.outcome.counts
    assert outcome.manifest["run"] == finished.outcome.manifest["run"]
    for kind in ("features", "projections"):
        assert results.table(kind).equals(finished.results.table(kind))
    arrays = f"pca/{outcome.manifest['run']}/arrays.npz"
    assert results.files()[arrays] == finished.results.files()[arrays]
