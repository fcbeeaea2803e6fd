"""The notebook on this machine: the kernel by EMR's name over local Spark, and the figures of the job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.local.sample import render_sample
from ops.local.spark_submit import Submission, submit
from ops.notebook.build import path_of
from tests.ops.notebook.notebooks import Executed, execute, with_cells

pytestmark = [pytest.mark.spark, pytest.mark.long]


@dataclass(frozen=True)
class Both:
    """The notebook and the command on the same pictures: what they said, and where their results are."""

    notebook: Executed
    manifest: dict[str, Any]
    folder: Path

    def arrays(self, of: str) -> bytes:
        path: Path = self.folder / of / "pca" / self.manifest["run"] / "arrays.npz"
        return path.read_bytes()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """60 pictures, one of them damaged, by the notebook and by what `fruits featurize` calls."""
    folder = tmp_path_factory.mktemp("notebook")
    pictures = folder / "pictures"
    render_sample(pictures, per_label=5)
    (pictures / "Training" / "Banana" / "damaged.jpg").write_bytes(b"\xff\xd8\xff no photograph")
    environment = {"FRUITS_IMAGES": str(pictures), "FRUITS_OUTPUT": str(folder / "notebook")}
    executed = execute(path_of("fr"), folder, environment)
    manifest = submit(
        Submission(["--images", str(pictures), "--output", str(folder / "command")]),
        progress=lambda done, total: None,
        log=lambda line: None,
    )
    return Both(executed, manifest, folder)


def test_the_notebook_runs_from_its_first_cell_to_its_last(both: Both) -> None:
    assert both.notebook.code == 0, both.notebook.error
    assert "la session est fermée" in both.notebook.text


def test_it_shows_every_figure(both: Both) -> None:
    assert both.notebook.code == 0, both.notebook.error
    shown = sum(cell["source"][-1] == "%matplot plt" for cell in both.notebook.notebook["cells"])
    pictures = both.notebook.outputs("image/png")

    assert len(pictures) == shown == 5
    assert min(map(len, pictures)) > 10_000


def test_its_figures_are_those_of_the_command_on_the_same_pictures(both: Both) -> None:
    assert both.notebook.code == 0, both.notebook.error
    lines = [" ".join(line.split()) for line in both.notebook.text.splitlines()]
    counts, kept = both.manifest["counts"], both.manifest["pca"]["components"]

    assert f"run {both.manifest['run']}" in lines
    for name in ("images", "features", "quarantined", "computed"):
        assert f"{name} {counts[name]}" in lines
    assert any(line.startswith(f"gardées : {kept} composantes") for line in lines)
    assert both.arrays("notebook") == both.arrays("command")


def test_it_shows_that_a_damaged_photograph_ends_the_inherited_job_and_not_ours(both: Both) -> None:
    assert both.notebook.code == 0, both.notebook.error
    assert "tout a échoué" in both.notebook.text
    assert "UnidentifiedImageError" in both.notebook.text
    assert "damaged.jpg - " in both.notebook.text


def test_a_cell_that_fails_fails_the_notebook_and_those_after_it_do_not_run(tmp_path: Path) -> None:
    notebook = tmp_path / "planted.ipynb"
    notebook.write_text(with_cells("print('first')", "assert spark.range(3).count() == 4, 'planted'", "print('third')"))

    ended = execute(notebook, tmp_path, {})

    assert ended.code == 1
    assert "cell 2 of the notebook failed: AssertionError: planted" in ended.error
    assert ended.outputs("text") == ["first\n"]


def test_a_magic_for_what_is_not_there_says_so(tmp_path: Path) -> None:
    notebook = tmp_path / "planted.ipynb"
    notebook.write_text(with_cells("%matplot plt"))

    ended = execute(notebook, tmp_path, {})

    assert ended.code == 1
    assert "NameError: %matplot plt: nothing has that name" in ended.error
